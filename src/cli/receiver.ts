// A receiver for local use. It verifies each delivery, as every receiver should, and prints a line for it. Its answer to a
// test of the relay shows that it has read the event.
import { createServer, type Server } from 'node:http'
import { Webhook } from 'standardwebhooks'

export const RECEIVER_PORT = 8788

/**
 * Starts the receiver on the loopback interface. `secrets` are the signing secrets of the targets that send to it. Rejects
 * if it cannot listen on the port.
 */
export function startReceiver(
  port: number,
  secrets: readonly string[],
  print: (line: string) => void,
): Promise<Server> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks).toString('utf8')
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    )
    const problem = verify(body, headers, secrets)
    const event = parse(body)
    print(lineOf(event, headers, problem))
    if (problem !== undefined) response.writeHead(401).end(problem)
    else if (event.type === 'relay.test') response.end(`${event.type} ${event.data?.code}`)
    else response.writeHead(204).end()
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}

/** Why a delivery is not authentic; undefined if one of the secrets signed it. */
function verify(
  body: string,
  headers: Record<string, string>,
  secrets: readonly string[],
): string | undefined {
  const problems = secrets.map((secret) => {
    try {
      new Webhook(secret).verify(body, headers, { jsonParse: false })
      return undefined
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  })
  if (problems.includes(undefined)) return undefined
  return problems[0] ?? 'no signing secret is configured'
}

function lineOf(
  event: ReceivedEvent,
  headers: Record<string, string>,
  problem: string | undefined,
): string {
  return [
    problem === undefined ? '✓ verified' : `✗ ${problem}:`,
    event.type ?? headers['content-type'] ?? '(no content type)',
    headers['webhook-id'] ?? '(no id)',
    `from ${event.relaysource ?? '(unknown)'}`,
    `attempt ${headers['relay-attempt'] ?? '?'}`,
  ].join('  ')
}

type ReceivedEvent = { type?: string; relaysource?: string; data?: { code?: string } }

function parse(body: string): ReceivedEvent {
  try {
    return JSON.parse(body) ?? {}
  } catch {
    return {}
  }
}
