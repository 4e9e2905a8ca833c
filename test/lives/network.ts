// The network between a vendor and the relay: it delays, reorders, repeats and re-stamps, and is down for hours.
//
// Developers' guide of Hapana, "Webhooks": eight attempts, at once, after 30 s, 2 min, 10 min, 1 h, 4 h and 12 h, and a last
// one. Hype states nothing: "at least once" is assumed, with the same waits. Its article: webhooks "are sent asynchronously,
// so it's possible … to be sent in a different order".
import { createHmac } from 'node:crypto'
import { Random } from '../weather/machine/random.ts'
import type { Arrival, Message } from './truth.ts'
import { DAY } from './world/plans.ts'
import { END, START, type World } from './world/world.ts'

const HOUR = 3_600_000
const WAITS_MS = [30_000, 120_000, 600_000, HOUR, 4 * HOUR, 12 * HOUR, 12 * HOUR]

export const KEY = 'lives-key-0123456789'

/** How often a message has which trouble. */
const SHARES = { slow: 0.06, lateFirst: 0.03, repeated: 0.05, reordered: 0.3 }

type Sending = { message: Message; copy: number; sentAt: number; at: number }

/** The arrivals of a world, in their order. */
export function arrivalsOf(world: World): Arrival[] {
  const random = new Random(world.seed, 'network')
  const outages = outagesOf(random)
  const lasting = moments(world.messages, random)
  return world.messages
    .flatMap((message) => sendings(message, random, lasting))
    .map((sending) => held(sending, outages, random))
    .sort((a, b) => a.at - b.at || a.message.n - b.message.n)
    .map((sending) => arrivalOf(sending, world, random))
}

/** The messages of one moment leave in any order. */
function moments(messages: readonly Message[], random: Random): Map<Message, number> {
  const shifts = new Map<Message, number>()
  for (const message of messages) {
    if (message.moment !== undefined) shifts.set(message, random.between(0, 3000))
    else if (random.chance(SHARES.reordered)) shifts.set(message, random.between(0, 4000))
  }
  return shifts
}

function sendings(message: Message, random: Random, shifts: Map<Message, number>): Sending[] {
  const first = message.at + (shifts.get(message) ?? 0)
  const wait = random.chance(SHARES.lateFirst) ? waitOf(1 + random.below(7)) : 0
  const way = random.chance(SHARES.slow)
    ? random.logBetween(5000, 240_000)
    : random.between(50, 900)
  const sent: Sending = { message, copy: 0, sentAt: first + wait, at: first + wait + way }
  if (!random.chance(SHARES.repeated)) return [sent]
  // Answered, but the answer was lost: the next attempts follow.
  const count = random.pick([1, 1, 2])
  const repeats = Array.from({ length: count }, (_, i): Sending => {
    const sentAt = sent.sentAt + waitOf(random.pick([1, 1, 2, 2, 3, 4, 6]) + i)
    return { message, copy: i + 1, sentAt, at: sentAt + random.between(50, 900) }
  })
  return [sent, ...repeats]
}

const waitOf = (count: number) => WAITS_MS.slice(0, count).reduce((sum, ms) => sum + ms, 0)

type Outage = { vendor: string; from: number; to: number; isInOrder: boolean }

/** Hours or days in which nothing of a vendor comes through, and then all of it within minutes. */
function outagesOf(random: Random): Outage[] {
  const count = random.below(4)
  return Array.from({ length: count }, () => {
    const from = random.between(START, END - 4 * DAY)
    const to = from + random.logBetween(2 * HOUR, 72 * HOUR)
    return { vendor: random.pick(['hapana', 'hype']), from, to, isInOrder: random.chance(0.5) }
  })
}

function held(sending: Sending, outages: readonly Outage[], random: Random): Sending {
  const { message, sentAt } = sending
  const outage = outages.find(
    ({ vendor, from, to }) => vendor === message.vendor && sentAt >= from && sentAt < to,
  )
  if (outage === undefined) return sending
  const share = (sentAt - outage.from) / (outage.to - outage.from)
  const at = outage.to + 60_000 * (outage.isInOrder ? share : random.next())
  return { ...sending, sentAt: at, at }
}

function arrivalOf({ message, copy, sentAt, at }: Sending, world: World, random: Random): Arrival {
  const isHype = message.vendor === 'hype'
  const stamp = isHype ? stampOf(message, sentAt, world) : undefined
  const fields =
    stamp === undefined ? message.body : { ...message.body, timestamp: Math.floor(stamp / 1000) }
  const body = JSON.stringify(copy > 0 && random.chance(0.2) ? reversed(fields) : fields)
  const arrival = { message, copy, at, body, ...(stamp === undefined ? {} : { stamp }) }
  return isHype
    ? { ...arrival, headers: {}, query: `?key=${KEY}` }
    : { ...arrival, ...proofOf(message, { body, copy, at }, world) }
}

/** `timestamp`: of the event, or of the sending and then new with each attempt; by the vendor's clock. */
function stampOf({ at, n }: Message, sentAt: number, { hype, seed }: World): number {
  const isWrong = new Random(seed, 'clock', n).chance(hype.wrongClockShare ?? 0)
  const stamp = (hype.stamp === 'event' ? at : sentAt) + (hype.clockOffsetMs ?? 0)
  return isWrong ? stamp + 300 * DAY : stamp
}

/** Guide: an authentication header of the customer's choice. Developers: a signature of the time and the body, and an id. */
function proofOf(
  message: Message,
  { body, copy, at }: { body: string; copy: number; at: number },
  { hapana }: World,
) {
  const query = hapana.typeIn === 'url' ? `?event=${message.type}` : ''
  if (hapana.delivery === 'none')
    return { headers: { 'x-relay-key': KEY } as Record<string, string>, query }
  const t = Math.floor(at / 1000)
  const v1 = createHmac('sha256', KEY).update(`${t}.${body}`).digest('hex')
  const id = hapana.delivery === 'kept' ? `del_${message.n}` : `del_${message.n}_${copy}`
  return {
    headers: { 'x-hapana-signature': `t=${t},v1=${v1}`, 'x-hapana-delivery': id } as Record<
      string,
      string
    >,
    query,
  }
}

/** The same message, written again with its keys in another order. */
const reversed = (fields: object) => Object.fromEntries(Object.entries(fields).reverse())
