// A receiver for local use. It verifies each delivery, as every receiver should, and prints a line for it.
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
    print(lineOf(body, headers, problem))
    response.writeHead(problem === undefined ? 204 : 401).end(problem)
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
  body: string,
  headers: Record<string, string>,
  problem: string | undefined,
): string {
  const event = parse(body)
  return [
    problem === undefined ? '✓ verified' : `✗ ${problem}:`,
    event.type ?? headers['content-type'] ?? '(no content type)',
    headers['webhook-id'] ?? '(no id)',
    `from ${event.relaysource ?? '(unknown)'}`,
    `attempt ${headers['relay-attempt'] ?? '?'}`,
  ].join('  ')
}

function parse(body: string): { type?: string; relaysource?: string } {
  try {
    return JSON.parse(body) ?? {}
  } catch {
    return {}
  }
}
