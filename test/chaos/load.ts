// The senders: payments and other events at a steady rate, retried until they are answered, as vendors do.

import { KEY, wantedBy } from './config.ts'
import { RELAY, sleep } from './ports.ts'

const EVENTS_PER_SECOND = 10
const CONTACTS = 60
/** Hapana waits this long for an answer. */
const ANSWER_WITHIN_MS = 10_000
const AGAIN_AFTER_MS = 1500
/** The longest time until the last messages are answered when all faults have ended. */
const LAST_ANSWERS_WITHIN_MS = 20_000

/** One request that sends a message. Without a status it was cut off. `receipt` is the status in its receipt. */
export type SentRequest = { at: number; status?: number; id?: string; receipt?: string }

/** A message of a vendor, with the requests that sent it. */
export type Message = {
  /** The name by which the receivers identify it. */
  name: string
  source: 'hype' | 'hapana'
  body: string
  /** The status of its receipt when no fault happens. */
  expects: 'accepted' | 'quarantined'
  wants: string[]
  requests: SentRequest[]
  isAnswered: boolean
}

export type Load = {
  messages: Message[]
  /** Stops new messages, and resolves when all are answered, or when that takes too long. */
  finish: () => Promise<void>
  /** Stops sending at once. */
  abandon: () => void
}

/** Starts sending. `random` decides which messages. */
export function startLoad(random: () => number): Load {
  const messages: Message[] = []
  const open = new Set<Promise<void>>()
  let deadline = Number.POSITIVE_INFINITY
  const sendUntilAnswered = async (message: Message) => {
    while (Date.now() < deadline && !(await send(message))) await sleep(AGAIN_AFTER_MS)
  }
  const timer = setInterval(() => {
    const message = nextMessage(messages, random)
    if (!messages.includes(message)) messages.push(message)
    const request = sendUntilAnswered(message).finally(() => open.delete(request))
    open.add(request)
  }, 1000 / EVENTS_PER_SECOND)
  const close = (at: number) => {
    clearInterval(timer)
    deadline = at
  }
  return {
    messages,
    finish: async () => {
      close(Date.now() + LAST_ANSWERS_WITHIN_MS)
      await Promise.all(open)
    },
    abandon: () => close(0),
  }
}

/** Sends a message once. True when the answer is final. */
async function send(message: Message): Promise<boolean> {
  const request: SentRequest = { at: Date.now() }
  message.requests.push(request)
  const { source, body } = message
  const url = `${RELAY}/in/${source}${source === 'hype' ? `?key=${KEY}` : ''}`
  try {
    const response = await fetch(url, {
      method: 'POST',
      body,
      headers: source === 'hapana' ? { 'x-relay-key': KEY } : {},
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    })
    const { id, status } = (await response.json()) as { id?: string; status?: string | number }
    request.status = response.status
    if (id !== undefined) request.id = id
    if (typeof status === 'string') request.receipt = status
  } catch {
    return false // it was cut off by a kill, or sent while the process was down
  }
  if (request.status === 503) return false
  message.isAnswered = true
  return true
}

/** A new message; now and then one that was sent before. */
function nextMessage(sent: readonly Message[], random: () => number): Message {
  const dice = random()
  const earlier = sent[Math.floor(random() * sent.length)]
  if (dice < 0.05 && earlier) return earlier
  const name = `m${sent.length}`
  const contact = `c${Math.floor(random() * CONTACTS)}`
  if (dice < 0.07) return message(name, 'hype', 'quarantined', [], `not JSON, ${name}`)
  if (dice < 0.1) {
    return message(name, 'hype', 'quarantined', [], hype(name, contact, 'no.such.type'))
  }
  if (dice < 0.22) {
    const wants = wantedBy('membership.status_changed')
    return message(name, 'hapana', 'accepted', wants, statusChange(name))
  }
  const type = dice < 0.32 ? 'contact.updated' : 'payment.created'
  return message(name, 'hype', 'accepted', wantedBy(type), hype(name, contact, type))
}

function message(
  name: string,
  source: Message['source'],
  expects: Message['expects'],
  wants: string[],
  body: string,
): Message {
  return { name, source, body, expects, wants, requests: [], isAnswered: false }
}

/** Unmapped keys are delivered in `extra`: so the receivers can identify the message of any event. */
function hype(name: string, contact: string, type: string): string {
  const timestamp = 1_790_000_000 + Number(name.slice(1))
  return JSON.stringify({ publisher_id: 'p', id: contact, type, timestamp, chaos: name })
}

function statusChange(name: string): string {
  const client = { clientID: `client-${name}`, siteID: 's', status: 'activePackage' }
  return JSON.stringify({ eventType: 'clientStatusChange', ...client, chaos: name })
}
