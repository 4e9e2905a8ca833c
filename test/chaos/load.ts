// The senders: payments and other events at a steady rate, sent again until they are answered, as vendors do.

import { RELAY, sleep } from './ports.ts'
import { KEY, wantedBy } from './setting.ts'

const EVENTS_PER_SECOND = 10
const CONTACTS = 60
/** Hapana waits this long for an answer. */
const ANSWER_WITHIN_MS = 10_000
const AGAIN_AFTER_MS = 1500
/** How long the last messages may take to be answered once there is no more trouble. */
const LAST_ANSWERS_WITHIN_MS = 20_000

/** One try to hand a message in. Without an answer it was cut off. */
export type Sending = { at: number; status?: number; id?: string; said?: string }

/** Something that a vendor has to say, once or again. */
export type Message = {
  /** What the receivers know it by. */
  name: string
  source: 'hype' | 'hapana'
  body: string
  /** What the relay must make of it when nothing is in its way. */
  expects: 'accepted' | 'quarantined' | 'refused'
  wants: string[]
  sendings: Sending[]
  isAnswered: boolean
}

export type Load = {
  messages: Message[]
  /** Sends nothing new, and ends when everything has been answered, or when that takes too long. */
  finish: () => Promise<void>
  /** Sends nothing more at all. */
  abandon: () => void
}

/** Starts sending. `random` decides what. */
export function startLoad(random: () => number): Load {
  const messages: Message[] = []
  const open = new Set<Promise<void>>()
  let givesUpAt = Number.POSITIVE_INFINITY
  const insist = async (message: Message) => {
    while (Date.now() < givesUpAt && !(await hand(message))) await sleep(AGAIN_AFTER_MS)
  }
  const timer = setInterval(() => {
    const message = nextMessage(messages, random)
    if (!messages.includes(message)) messages.push(message)
    const sending = insist(message).finally(() => open.delete(sending))
    open.add(sending)
  }, 1000 / EVENTS_PER_SECOND)
  const close = (at: number) => {
    clearInterval(timer)
    givesUpAt = at
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

/** Sends a message once. True when it was answered for good. */
async function hand(message: Message): Promise<boolean> {
  const sending: Sending = { at: Date.now() }
  message.sendings.push(sending)
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
    sending.status = response.status
    if (id !== undefined) sending.id = id
    if (typeof status === 'string') sending.said = status
  } catch {
    return false // it was cut off: by a kill, or while nobody listened
  }
  if (sending.status === 503) return false
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
  if (dice < 0.07) return message(name, 'hype', 'refused', [], `no JSON, ${name}`)
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
  return { name, source, body, expects, wants, sendings: [], isAnswered: false }
}

/** What we do not map goes through to the targets: so they know a message whichever event is made of it. */
function hype(name: string, contact: string, type: string): string {
  const timestamp = 1_790_000_000 + Number(name.slice(1))
  return JSON.stringify({ publisher_id: 'p', id: contact, type, timestamp, chaos: name })
}

function statusChange(name: string): string {
  const client = { clientID: `client-${name}`, siteID: 's', status: 'activePackage' }
  return JSON.stringify({ eventType: 'clientStatusChange', ...client, chaos: name })
}
