// The marks of events: first, previous_status, late, and amounts of money.
import type { Arrival, Event } from '../truth.ts'
import type { Book } from './book.ts'
import type { Score } from './score.ts'

export function scoreMarks(book: Book, score: Score): void {
  for (const arrivals of book.ofContact.values()) {
    // What was never understood has left a gap in the history.
    const isWhole = arrivals.every(({ answer }) => answer?.status !== 'quarantined')
    for (const [i, arrival] of arrivals.entries()) {
      const event = arrival.answer && book.got.get(`ledger ${arrival.answer.id}`)?.event
      const isRepeat = book.ofMessage.get(arrival.message)?.[0] !== arrival
      if (event === undefined || arrival.answer?.status !== 'accepted' || isRepeat) continue
      const seen: Seen = { arrival, event, before: arrivals.slice(0, i), all: arrivals }
      scoreLate(seen, score)
      scoreFirst(seen, score)
      if (isWhole) scorePrevious(seen, score)
      scoreAmount(seen, score)
    }
  }
}

/** An event with what had arrived of the contact before it, and all that ever does. */
type Seen = { arrival: Arrival; event: Event; before: readonly Arrival[]; all: readonly Arrival[] }

/** Late is what arrives after a later one of its kind, where the vendor's stamps say so. */
function scoreLate({ arrival, event, before }: Seen, score: Score): void {
  const { message, stamp } = arrival
  if (stamp === undefined && message.type !== 'checkIn') return
  const family = message.type.split('.')[0]
  const others = before.filter(({ message: other }) => other.type.split('.')[0] === family)
  const must = others.some(
    (other) =>
      other.message.truth.types[0] === message.truth.types[0] &&
      other.message.at > message.at + 1000 &&
      isStampedLater(other, arrival),
  )
  // A stamp of the sending may say of a repeat, or of what was sent late, that it is later.
  const may = others.some(
    (other) => other.message.at > message.at || (other.stamp ?? 0) >= (stamp ?? 0),
  )
  const isLate = event.late === true
  score.add(isLate ? 'late, marked' : must ? 'late, unmarked' : 'not late')
  if (isLate && !may)
    score.find('late:marked', 'is marked late, and nothing later was known', [message.n])
  if (!isLate && must)
    score.find('late:unmarked', 'is not marked late, though a later one was known', [message.n])
}

/** Whether the stamps tell it, and can be believed: not from the future. */
function isStampedLater(other: Arrival, arrival: Arrival): boolean {
  if (other.message.isClockWrong || arrival.message.isClockWrong) return false
  if (other.stamp === undefined || arrival.stamp === undefined) return true
  const isBelieved = (one: Arrival) => (one.stamp ?? 0) < one.at + 60_000
  return isBelieved(other) && isBelieved(arrival) && other.stamp > arrival.stamp + 1000
}

/** The first check-in of a client. One that was turned away before may count or not. */
function scoreFirst({ arrival, event, all, before }: Seen, score: Score): void {
  const first = (event.data.checkin as { first?: boolean } | undefined)?.first
  if (event.type !== 'checkin.recorded') return
  const { message } = arrival
  const others = all.filter(({ message: one }) => one.type === 'checkIn' && one !== message)
  const earlier = others.filter(({ message: one }) => one.at < message.at)
  const isAmbiguous =
    others.some(({ message: one }) => one.at === message.at) ||
    earlier.some(({ message: one }) => one.truth.what === 'turned_away')
  const expected = earlier.length === 0
  const isInOrder =
    earlier.every((one) => before.includes(one)) &&
    !before.some((one) => others.includes(one) && one.message.at > message.at)
  if (isAmbiguous || (first ?? false) === expected) score.add('first right')
  else if (!isInOrder) score.add('first wrong, as they arrived in another order')
  else score.find('first', `first is ${first}, after ${earlier.length} check-ins`, [message.n])
}

/** The status before: of the client, or of the client at this site. */
function scorePrevious({ arrival, event, all, before }: Seen, score: Score): void {
  if (event.type !== 'membership.status_changed') return
  const { message } = arrival
  const { membership, previous_status: outer } = event.data as {
    membership?: { previous_status?: string | null }
    previous_status?: string | null
  }
  const claimed = membership?.previous_status ?? outer ?? undefined
  const isStatus = ({ message: one }: Arrival) => one.type === message.type && one !== message
  const earlier = all
    .filter((one) => isStatus(one) && one.message.at < message.at)
    .sort((a, b) => a.message.at - b.message.at)
  const here = earlier.filter(({ message: one }) => siteOf(one.body) === siteOf(message.body))
  const right = [earlier.at(-1)?.message.truth.status, here.at(-1)?.message.truth.status]
  const known = before.filter(isStatus)
  const isInOrder =
    earlier.every((one) => known.includes(one)) &&
    known.every((one) => one.message.at < message.at) &&
    isSorted(known)
  const text = `previous_status is ${claimed}, the status before was ${right[0]}`
  if (right.includes(claimed)) score.add('previous_status right')
  else if (!isInOrder) score.add('previous_status wrong, as they arrived in another order')
  else score.find('previous_status', text, [message.n])
}

const isSorted = (list: readonly Arrival[]) =>
  list.every(({ message }, i) => message.at >= (list[i - 1]?.message.at ?? 0))

const siteOf = (body: Record<string, unknown>) =>
  (body.data as { siteID?: string } | undefined)?.siteID ?? body.siteID

/** Money of a purchase or a refund, to the cent and without the noise of floats. */
function scoreAmount({ arrival, event }: Seen, score: Score): void {
  const { amount } = arrival.message.truth
  const { purchase, refund } = event.data as { purchase?: Paid; refund?: Paid }
  if (amount === undefined || !['purchase.completed', 'payment.refunded'].includes(event.type))
    return
  const value = (purchase ?? refund)?.amount?.value
  // A refund grades its amount apart from what it is.
  const confidence = refund?.confidence ?? event.data.inference?.confidence ?? 'certain'
  const isRight = Number(value) === Number(amount) && /^-?\d+(\.\d{1,2})?$/.test(value ?? '')
  const kind = `amount:${event.type}:${confidence}`
  if (value === undefined || value === null) score.add(`amount of ${event.type} open`)
  else if (isRight) score.add(`amount of ${event.type} right (${confidence})`)
  else score.find(kind, `the amount is ${value}, true is ${amount}`, [arrival.message.n])
}

type Paid = { amount?: { value?: string | null }; confidence?: string }
