// The true life of a client of a gym: accounts, purchases, visits, and what the desk does.
import type { Random } from '../../weather/machine/random.ts'
import { DAY } from './plans.ts'

const MINUTE = 60_000

export type Status = 'introOffer' | 'activePackage' | 'suspendedMembership' | 'inactive'

export type Pack = {
  id: string
  name: string
  category: string
  type: 'pass' | 'membership'
  cents: number
}

export const PACKS: readonly Pack[] = [
  { id: 'pkg-10', name: '10 Class Pass', category: 'Yoga', type: 'pass', cents: 15_000 },
  { id: 'pkg-1', name: 'Drop-in', category: 'Yoga', type: 'pass', cents: 2_250 },
  { id: 'pkg-7101', name: 'Unlimited', category: 'Membership', type: 'membership', cents: 129_900 },
  { id: 'pkg-77', name: 'Gift Voucher Pack', category: 'Gifts', type: 'pass', cents: 5_000 },
]

export type Visit = {
  /** Which class it is for; none for a general visit. */
  session?: { id: string; name: string }
  result: 'valid' | 'alerts' | 'invalid'
  fob: string
}

export type ClientAct = { at: number; site: number; moment?: number } & (
  | { what: 'open'; isImported: boolean }
  | { what: 'link' }
  | { what: 'update'; changes: 'phone' | 'email' }
  | { what: 'status'; status: Status }
  | { what: 'buy'; pack: Pack; isFree: boolean }
  | { what: 'mail'; channel: 'SMS' | 'Email'; id: number }
  | { what: 'visit'; visit: Visit }
)

const CLASSES = [
  { id: 'slot-0600', name: 'Morning Flow' },
  { id: 'slot-1800', name: 'Evening Strength' },
  { id: 'slot-1830', name: 'Evening Strength' },
]

type Living = { acts: ClientAct[]; random: Random; fob: string; end: number }

/** The acts of a life from a time on, in their order. Those before the world begins were told to nobody. */
export function clientLife(random: Random, fob: string, from: number, end: number): ClientAct[] {
  const living: Living = { acts: [], random, fob, end }
  const site = random.below(3)
  join(living, from, site)
  let now = from + random.between(1, 20) * DAY
  const happenings = 1 + random.below(7)
  for (let i = 0; i < happenings && now < end; i++) {
    happen(living, now, random.chance(0.85) ? site : (site + 1) % 3)
    now += random.pick([20 * MINUTE, DAY, random.between(2, 60) * DAY])
  }
  if (random.chance(0.25)) link(living, from, (site + 1) % 3)
  return living.acts.filter(({ at }) => at < end).sort((a, b) => a.at - b.at)
}

/** The account, and often a sale with its message and the status, all in one moment. */
function join({ acts, random }: Living, at: number, site: number): void {
  const moment = Math.floor(at)
  const pack = random.pick(PACKS)
  acts.push({ at, site, moment, what: 'open', isImported: random.chance(0.05) })
  if (!random.chance(0.6)) return
  acts.push({ at: at + 400, site, moment, what: 'buy', pack, isFree: random.chance(0.1) })
  if (random.chance(0.7)) acts.push({ ...mail(random, at + 600, site), moment })
  acts.push({
    at: at + 800,
    site,
    moment,
    what: 'status',
    status: random.pick(['introOffer', 'activePackage']),
  })
}

/** At another site: at once, the same day, or after months; seldom a visit there comes first. */
function link(living: Living, from: number, site: number): void {
  const { acts, random } = living
  const at =
    from +
    random.pick([
      4 * MINUTE,
      5 * 60 * MINUTE,
      random.between(1, 200) * DAY,
      random.between(1, 200) * DAY,
    ])
  if (random.chance(0.3)) visit(living, at - 10 * MINUTE, site)
  acts.push({ at, site, moment: Math.floor(at), what: 'link' })
}

const mail = (random: Random, at: number, site: number): ClientAct => ({
  ...{
    at,
    site,
    what: 'mail',
    channel: random.pick(['SMS', 'Email'] as const),
    id: random.below(1e9),
  },
})

function happen(living: Living, at: number, site: number): void {
  const { acts, random } = living
  const what = random.next()
  if (what < 0.55) visit(living, at, site)
  else if (what < 0.7) buy(living, at, site)
  else if (what < 0.82) statuses(living, at, site)
  else if (what < 0.9) {
    acts.push({ at, site, what: 'update', changes: random.chance(0.3) ? 'email' : 'phone' })
  } else {
    const first = mail(random, at, site)
    acts.push(first)
    // The same in both channels.
    if (first.what === 'mail' && random.chance(0.2))
      acts.push({ ...first, at: at + 900, channel: first.channel === 'SMS' ? 'Email' : 'SMS' })
  }
}

/** A pass, sometimes bought twice: for a friend at once, or when it is used up. */
function buy({ acts, random }: Living, at: number, site: number): void {
  const pack = random.pick(PACKS)
  const one: ClientAct = { at, site, what: 'buy', pack, isFree: random.chance(0.1) }
  acts.push(one)
  if (random.chance(0.25))
    acts.push({ ...one, at: at + random.pick([45_000, 2 * MINUTE, 3 * DAY]) })
}

/** A status, or several within minutes when the desk tries this and that. */
function statuses({ acts, random }: Living, at: number, site: number): void {
  const [one, other] = random.pick([
    ['activePackage', 'suspendedMembership'],
    ['suspendedMembership', 'activePackage'],
    ['inactive', 'activePackage'],
  ] as const)
  const count = random.pick([1, 1, 1, 2, 3, 4])
  for (let i = 0, time = at; i < count; i++) {
    acts.push({ at: time, site, what: 'status', status: i % 2 === 0 ? one : other })
    time += random.pick([20_000, 2 * MINUTE])
  }
}

/** A visit, with what belongs to it: a second check-in, a guest, a second class, a refusal first. */
function visit({ acts, random, fob }: Living, at: number, site: number): void {
  const session = random.chance(0.6) ? { session: random.pick(CLASSES) } : {}
  const own: Visit = {
    ...session,
    fob,
    result: random.pick(['valid', 'valid', 'valid', 'valid', 'alerts', 'invalid']),
  }
  const push = (time: number, visit: Visit) => acts.push({ at: time, site, what: 'visit', visit })
  push(at, own)
  const more = random.next()
  // Turned away, and let in minutes later.
  if (own.result === 'invalid') push(at + 5 * MINUTE, { ...own, result: 'valid' })
  // Out and in again.
  else if (more < 0.08) push(at + random.pick([3, 12]) * MINUTE, own)
  // A guest comes in with the client, on a fob of their own.
  else if (more < 0.13) push(at, { ...own, fob: `${fob}9` })
  // Two classes, one after the other, checked in for in one second.
  else if (more < 0.18)
    push(at, {
      ...own,
      session: CLASSES.find(({ id }) => id !== own.session?.id) ??
        CLASSES[0] ?? { id: '', name: '' },
    })
}
