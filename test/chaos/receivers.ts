// The targets of the load, which count on their own side: `moody` fails or resets two requests of five, `absent` fails
// whenever it is away, the others take everything.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { Webhook } from 'standardwebhooks'
import { type SeenKinds, startKinds } from './checks/kinds-server.ts'
import { RECEIVER_PORT } from './ports.ts'
import { SIGNING_SECRET } from './setting.ts'

/** One success, what it was about, and the number of the attempt; `at` in epoch milliseconds. */
export type Receipt = {
  target: string
  event: string
  message: string
  attempt: number
  at: number
}

export type Receivers = {
  receipts: Receipt[]
  /** What is wrong with deliveries themselves: not signed, or another body than before. */
  offences: string[]
  kinds: SeenKinds
  /** Sends `absent` away, or has it back. */
  setAway: (isAway: boolean) => void
  close: () => Promise<void>
}

/** Starts all receivers. `random` decides the moods. */
export async function startReceivers(random: () => number): Promise<Receivers> {
  const receipts: Receipt[] = []
  const offences: string[] = []
  const kinds = await startKinds()
  const inspect = inspector(offences)
  const nextMood = moods(random)
  let isAway = false
  const server = createServer(async (request, response) => {
    const [, kind = '', name = ''] = request.url?.split('/') ?? []
    const body = await textOf(request)
    if (body === undefined) return
    if (kind === 'kind') return kinds.answer(name, request, response)
    const event = String(request.headers['webhook-id'])
    inspect(name, event, request, body)
    const mood = name === 'moody' ? nextMood() : name === 'absent' && isAway ? 'bad' : 'good'
    if (mood === 'reset') return void request.socket.destroy()
    if (mood === 'bad') return void response.writeHead(500).end('in a mood')
    const attempt = Number(request.headers['relay-attempt'])
    receipts.push({ target: name, event, message: messageIn(body), attempt, at: Date.now() })
    response.writeHead(204).end()
  })
  server.listen(RECEIVER_PORT, '127.0.0.1')
  await once(server, 'listening')
  const close = async () => {
    await Promise.all([end(server), kinds.close()])
  }
  const setAway = (away: boolean) => {
    isAway = away
  }
  return { receipts, offences, kinds: kinds.seen, setAway, close }
}

/** How often in a row `moody` may fail: five would open the breaker, and the run would wait for it. */
const MOODS_IN_A_ROW = 2

function moods(random: () => number): () => 'good' | 'bad' | 'reset' {
  let inARow = 0
  return () => {
    const dice = inARow < MOODS_IN_A_ROW ? random() : 1
    inARow = dice < 0.4 ? inARow + 1 : 0
    if (dice < 0.2) return 'reset'
    return dice < 0.4 ? 'bad' : 'good'
  }
}

/** Holds what every delivery must hold: a good signature, and the same body at each attempt. */
function inspector(offences: string[]) {
  const webhook = new Webhook(SIGNING_SECRET)
  const bodies = new Map<string, string>()
  return (target: string, event: string, request: IncomingMessage, body: string) => {
    const digest = createHash('sha256').update(body).digest('base64')
    const before = bodies.get(`${event} ${target}`) ?? digest
    bodies.set(`${event} ${target}`, digest)
    if (before !== digest) offences.push(`${event} at ${target} says something else than before`)
    try {
      webhook.verify(body, request.headers as Record<string, string>, { jsonParse: false })
    } catch (error) {
      offences.push(`${event} at ${target} is not signed: ${String(error)}`)
    }
  }
}

/** What a delivery is about: the message of ours, or what the relay tells of a target. */
function messageIn(body: string): string {
  const { type, data } = JSON.parse(body) as {
    type: string
    data?: { target?: string; extra?: { chaos?: string } }
  }
  return data?.extra?.chaos ?? toldOf(type, data?.target ?? '')
}

/** The name of what the relay tells of a target. */
export function toldOf(type: string, target: string): string {
  return `${type} of ${target}`
}

/** A body, whole; undefined when the relay was killed while it spoke. */
async function textOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of request) chunks.push(chunk)
  } catch {
    return undefined
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Ends a server with everything that still hangs on it. */
async function end(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}
