// The targets of the load, which record what they get: `flaky` fails or resets two requests of five, `down` fails while
// it is down, the others accept everything.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { Webhook } from 'standardwebhooks'
import { type SeenKinds, startKinds } from './checks/kinds-server.ts'
import { SIGNING_SECRET } from './config.ts'
import { RECEIVER_PORT } from './ports.ts'

/** A request that got a 2xx, its event and message, and the number of the attempt; `at` in epoch milliseconds. */
export type Success = {
  target: string
  event: string
  message: string
  attempt: number
  at: number
}

export type Receivers = {
  successes: Success[]
  /** The errors of deliveries themselves: not signed, or another body than before. */
  violations: string[]
  kinds: SeenKinds
  /** Makes `down` fail, or succeed again. */
  setDown: (isDown: boolean) => void
  close: () => Promise<void>
}

/** Starts all receivers. `random` decides how `flaky` responds. */
export async function startReceivers(random: () => number): Promise<Receivers> {
  const successes: Success[] = []
  const violations: string[] = []
  const kinds = await startKinds()
  const inspect = inspector(violations)
  const nextBehaviour = randomBehaviour(random)
  let isDown = false
  const server = createServer(async (request, response) => {
    const [, kind = '', name = ''] = request.url?.split('/') ?? []
    const body = await textOf(request)
    if (body === undefined) return
    if (kind === 'kind') return kinds.answer(name, request, response)
    const event = String(request.headers['webhook-id'])
    inspect(name, event, request, body)
    const behaviour =
      name === 'flaky' ? nextBehaviour() : name === 'down' && isDown ? 'bad' : 'good'
    if (behaviour === 'reset') return void request.socket.destroy()
    if (behaviour === 'bad') return void response.writeHead(500).end('an injected failure')
    const attempt = Number(request.headers['relay-attempt'])
    successes.push({ target: name, event, message: messageIn(body), attempt, at: Date.now() })
    response.writeHead(204).end()
  })
  server.listen(RECEIVER_PORT, '127.0.0.1')
  await once(server, 'listening')
  const close = async () => {
    await Promise.all([end(server), kinds.close()])
  }
  const setDown = (down: boolean) => {
    isDown = down
  }
  return { successes, violations, kinds: kinds.seen, setDown, close }
}

/** How often in a row `flaky` may fail: five failures open the breaker, and the run would wait for its cooldown. */
const FAILURES_IN_A_ROW = 2

function randomBehaviour(random: () => number): () => 'good' | 'bad' | 'reset' {
  let inARow = 0
  return () => {
    const dice = inARow < FAILURES_IN_A_ROW ? random() : 1
    inARow = dice < 0.4 ? inARow + 1 : 0
    if (dice < 0.2) return 'reset'
    return dice < 0.4 ? 'bad' : 'good'
  }
}

/** Checks each delivery: a valid signature, and the same body at each attempt. */
function inspector(violations: string[]) {
  const webhook = new Webhook(SIGNING_SECRET)
  const bodies = new Map<string, string>()
  return (target: string, event: string, request: IncomingMessage, body: string) => {
    const digest = createHash('sha256').update(body).digest('base64')
    const before = bodies.get(`${event} ${target}`) ?? digest
    bodies.set(`${event} ${target}`, digest)
    if (before !== digest) violations.push(`${event} at ${target} has another body than before`)
    try {
      webhook.verify(body, request.headers as Record<string, string>, { jsonParse: false })
    } catch (error) {
      violations.push(`${event} at ${target} is not signed: ${String(error)}`)
    }
  }
}

/** The name of the message of a delivery, or of its system event. */
function messageIn(body: string): string {
  const { type, data } = JSON.parse(body) as {
    type: string
    data?: { target?: string; extra?: { chaos?: string } }
  }
  return data?.extra?.chaos ?? systemEventName(type, data?.target ?? '')
}

/** The name of a system event about a target. */
export function systemEventName(type: string, target: string): string {
  return `${type} of ${target}`
}

/** A whole body; undefined when the relay was killed while it sent it. */
async function textOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of request) chunks.push(chunk)
  } catch {
    return undefined
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Closes a server with its connections. */
async function end(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}
