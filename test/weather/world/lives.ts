// The people of the simulated gyms: what happens to each of them on a day, as the messages that a vendor sends of it.
import { Random } from '../machine/random.ts'

const DAY_MS = 86_400_000

/** One message of a vendor, in its form. */
export type Message = {
  source: 'hapana' | 'hype'
  /** The type that the ingest URL names. */
  event: string | undefined
  contact: string
  body: string
  /** When it happened, in epoch milliseconds. */
  at: number
}

/** How likely something happens in each hour of the day. */
const RHYTHM = [1, 0, 0, 0, 0, 1, 6, 9, 6, 4, 3, 3, 5, 4, 3, 3, 4, 8, 10, 9, 6, 4, 2, 1]
const RHYTHM_SUM = RHYTHM.reduce((sum, weight) => sum + weight, 0)

function timeOfDay(random: Random): number {
  let rest = random.next() * RHYTHM_SUM
  for (let hour = 0; hour < 24; hour++) {
    const weight = RHYTHM[hour] ?? 0
    if (rest < weight) return Math.floor((hour + rest / weight) * 3_600_000)
    rest -= weight
  }
  return DAY_MS - 1
}

/** Equal messages closer than this would count as a sender's retry. */
const APART_MS = 20 * 60_000

/** What happens to a person on a day that begins at `midnight`; `perDay` on average. */
export function dayOf(seed: number, person: number, midnight: number, perDay: number): Message[] {
  const random = new Random(seed, 'day', person, midnight)
  const count = poisson(perDay, random)
  const times = Array.from({ length: count }, () => midnight + timeOfDay(random)).sort(
    (a, b) => a - b,
  )
  let last = 0
  const messages: Message[] = []
  for (const time of times) {
    const at = Math.max(time, last + random.between(1000, 5000))
    if (at - last < APART_MS && !random.chance(0.3)) continue
    messages.push(message(person, at, random))
    last = at
  }
  return messages
}

function poisson(mean: number, random: Random): number {
  let count = 0
  for (let p = random.next(); p > Math.exp(-mean); p *= random.next()) count++
  return count
}

const PASS = { packageID: 'pkg-10', packageName: '10 Class Pass', packageCategory: 'Yoga' }
const UNLIMITED = { packageID: 'pkg-7101', packageName: 'Unlimited', packageCategory: 'Membership' }

function message(person: number, at: number, random: Random): Message {
  // Each third person is a customer of Hype.
  return person % 3 === 2 ? hype(person, at, random) : hapana(person, at, random)
}

const KINDS = [
  'status',
  'status',
  'purchase',
  'checkin',
  'checkin',
  'checkin',
  'profile',
  'mail',
  'odd',
]
type Kind = 'status' | 'purchase' | 'checkin' | 'profile' | 'mail' | 'odd'

function hapana(person: number, at: number, random: Random): Message {
  const kind = random.pick(KINDS) as Kind
  return hapanaMessage(person, at, kind === 'odd' && !random.chance(0.3) ? 'checkin' : kind, random)
}

const TYPES: Record<Kind, string> = {
  status: 'clientStatusChange',
  purchase: 'packagePurchased',
  checkin: 'checkIn',
  profile: 'clientUpdated',
  mail: 'outboundMessage',
  odd: 'memberFrozen',
}

/** A message of Hapana, in the spelling of its articles. */
export function hapanaMessage(person: number, at: number, kind: Kind, random: Random): Message {
  const contact = `client-${person}`
  const who = {
    clientID: contact,
    siteID: 'SUNFaUl5UWxKaWNvS1NvckxDMHVMdz09',
    email: `member${person}@example.com`,
  }
  const named = { ...who, firstName: 'Ana', lastName: `Silva ${person}`, phone: '+12025550123' }
  const time = new Date(at - (at % 1000)).toISOString()
  const bodies: Record<Kind, () => object> = {
    status: () => ({
      ...named,
      status: random.pick(['activePackage', 'suspendedMembership', 'inactive', 'introOffer']),
      activePackages: [UNLIMITED],
    }),
    // Nothing in it tells one purchase from the next.
    purchase: () => ({ ...named, ...PASS, packageType: 'sessionpackage', amount: '150.00' }),
    checkin: () => ({
      ...named,
      checkInTime: time,
      checkInStatus: random.chance(0.9) ? 'Valid' : 'Invalid',
      packageID: UNLIMITED.packageID,
      sessionID: `slot-${random.below(100_000)}`,
      sessionName: 'Morning Flow',
    }),
    profile: () => ({ ...named, birthDate: '1990-02-03', barcodeID: String(random.below(1e9)) }),
    mail: () => ({
      ...who,
      messageId: `msg-${person}-${at}`,
      communicationType: 'Email',
      emailTo: who.email,
      subject: 'Your booking',
      message: html(Math.floor(random.logBetween(300, 150_000)), random),
    }),
    odd: () => ({ ...named, frozenUntil: time }),
  }
  const body = JSON.stringify(bodies[kind]())
  return { source: 'hapana', event: TYPES[kind], contact, body, at }
}

/** Text of a mail, which compresses as text does. */
function html(length: number, random: Random): string {
  let text = '<p>'
  while (text.length < length) {
    text += `${random.below(36 ** 5).toString(36)} ${random.pick(['class', 'the "booking"', 'of', 'yoga'])} `
  }
  return `${text}</p>`
}

function hype(person: number, at: number, random: Random): Message {
  const types = ['payment.created', 'payment.created', 'contact.updated', 'payment.updated']
  return hypeMessage(person, at, random.pick([...types, 'payment.deleted']), random)
}

/** A message of Hype: one form for all types. */
export function hypeMessage(person: number, at: number, type: string, random: Random): Message {
  const contact = `contact-${person}`
  const paid = Math.floor(at / 1000)
  const body = JSON.stringify({
    id: contact,
    publisher_id: 'pub-1',
    email: `reader${person}@example.com`,
    name: `Rui Costa ${person}`,
    type,
    source: type === 'payment.updated' ? 'system' : 'user',
    data: {
      membership: 'Individual Subscriber',
      tier: 'Supporter',
      billing_interval: 'Monthly',
      billing_end: paid + 2_592_000,
      recurring: 10,
      total: 10 * (1 + random.below(50)),
      first_payment: paid,
      final_payment: type === 'payment.deleted' ? paid : null,
    },
    version: '1.1.0',
    timestamp: paid,
  })
  return { source: 'hype', event: undefined, contact, body, at }
}
