// True events that were eaten, and repeats that were told as if they were new.
import { isDeepStrictEqual } from 'node:util'
import type { Arrival, Message } from '../truth.ts'
import { type Book, fateOf } from './book.ts'
import type { Score } from './score.ts'

/** A repeat by content is one within this time, in arrival and in the vendor's stamps. */
const WINDOW_MS = 5 * 60_000

export function scoreRepeats(book: Book, score: Score): void {
  for (const [message, arrivals] of book.ofMessage) {
    const fates = arrivals.map((arrival) => fateOf(arrival, 'ledger', book))
    score.add('true events')
    const isTold = fates.some((fate) => fate === 'told' || fate === 'marked')
    if (isTold && !fates.includes('told')) score.add('true events marked as possible repeats')
    if (!isTold) scoreUntold(message, fates, { book, score })
    for (const [i, arrival] of arrivals.entries()) {
      if (i === 0) continue
      const repeat = { arrival, before: arrivals.slice(0, i), fate: fates[i] ?? '' }
      scoreRepeat(repeat, book, score)
    }
  }
}

type Parts = { book: Book; score: Score }

function scoreUntold(message: Message, fates: readonly string[], { book, score }: Parts): void {
  const { truth, type, n } = message
  // Where only the shape of the body tells the type, a message may be beyond understanding.
  if (book.story.readings.typeIn === 'shape' && fates.includes('quarantined')) {
    score.add('true events quarantined')
  } else if (isMerged(message, book)) {
    score.add('equal states told as one, with nothing between them')
  } else if (hasSameBytes(message, book)) {
    score.add('true events that equal another to the byte')
  } else {
    score.find(`eaten:${type}`, `${truth.what} was never told: ${fates.join(', ')}`, [n])
  }
}

/** Whether another message of the contact came in the same bytes with the same headers, its stamp included: nobody can tell. */
function hasSameBytes(message: Message, { ofContact, ofMessage }: Book): boolean {
  const bytesOf = ({ body, headers }: Arrival) => JSON.stringify([body, headers])
  const own = new Set((ofMessage.get(message) ?? []).map(bytesOf))
  const all = ofContact.get(message.contact) ?? []
  return all.some((other) => other.message !== message && own.has(bytesOf(other)))
}

/**
 * Whether a state arrived right behind an equal one, within the window: by everything that arrived it is a repeat, and
 * telling it changes nothing.
 */
function isMerged(message: Message, { ofContact, ofMessage }: Book): boolean {
  const [arrival] = ofMessage.get(message) ?? []
  if (!message.isState || message.type.startsWith('payment.') || arrival === undefined) return false
  const all = ofContact.get(message.contact) ?? []
  const before = all[all.indexOf(arrival) - 1]
  if (before === undefined || before.message.type !== message.type) return false
  const { timestamp: _, ...body } = JSON.parse(arrival.body) as Record<string, unknown>
  const { timestamp: __, ...other } = JSON.parse(before.body) as Record<string, unknown>
  const isOther = arrival.headers['x-hapana-delivery'] !== before.headers['x-hapana-delivery']
  return !isOther && isWithinWindow(arrival, before) && isDeepStrictEqual(body, other)
}

type Repeat = { arrival: Arrival; before: readonly Arrival[]; fate: string }

function scoreRepeat({ arrival, before, fate }: Repeat, book: Book, score: Score): void {
  const { type, truth, n } = arrival.message
  score.add('repeats')
  if (fate !== 'told') {
    score.add(`repeats ${fate}`)
  } else if (before.some((earlier) => isKnowable(arrival, earlier, book))) {
    score.find(`repeat:${type}`, `${truth.what} was told again, unmarked`, [n])
  } else {
    score.add('repeats beyond knowledge, told unmarked')
  }
}

/** Whether the vendor's identity or the window can tell that an arrival repeats an earlier one. */
function isKnowable(arrival: Arrival, earlier: Arrival, { ofContact }: Book): boolean {
  const { message, stamp } = arrival
  if (message.identity !== undefined) return true
  const delivery = arrival.headers['x-hapana-delivery']
  if (delivery !== undefined && delivery === earlier.headers['x-hapana-delivery']) return true
  if (stamp !== undefined && seconds(stamp) === seconds(earlier.stamp)) return true
  if (!isWithinWindow(arrival, earlier)) return false
  if (!message.isState) return true
  // An equal state behind another one may be a state that has returned.
  const between = (ofContact.get(message.contact) ?? []).filter(
    ({ at }) => at > earlier.at && at < arrival.at,
  )
  return between.every((one) => one.message === message)
}

function isWithinWindow(one: Arrival, other: Arrival): boolean {
  const ofStamps = Math.abs((one.stamp ?? 0) - (other.stamp ?? 0))
  return Math.max(Math.abs(one.at - other.at), ofStamps) <= WINDOW_MS
}

const seconds = (ms: number | undefined) => Math.floor((ms ?? 0) / 1000)
