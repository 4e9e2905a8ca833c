// The true life of a member of a publisher: what they do, what the admin does, and what becomes of each charge.
import type { Random } from '../../weather/machine/random.ts'
import { DAY, PERIOD_DAYS, type Plan, type Publisher } from './plans.ts'

const MINUTE = 60_000

export type MemberAct = { at: number } & (
  | { what: 'sign-up' | 'change-profile' | 'lose-newsletters' }
  | { what: 'subscribe'; plan: Plan }
  | { what: 'start-trial'; plan: Plan; endsAt: number }
  | { what: 'charge'; plan: Plan; isFirst: boolean }
  | { what: 'fail' | 'lapse' | 'revoke' }
  | { what: 'switch'; plan: Plan }
  | { what: 'decline'; endsAt: number }
  | { what: 'stop'; reason: 'dunning' | 'stopped_by_admin' }
  | { what: 'reprice'; plan: Plan }
  | { what: 'refund'; cents: number }
  | { what: 'grant'; plan: Plan }
  | { what: 'give'; how: 'donation' | 'gift' | 'one_time'; label: string | null; cents: number }
  | { what: 'migrate'; plan: Plan; since: number; periods: number }
)

/** What single payments are called; the word does not decide what they are. */
const LABELS = {
  donation: ['Donation', 'Support us', null],
  gift: ['Gift Subscription', 'A year for a friend', null],
  one_time: ['Summer Workshop', 'Gifted & Talented Workshop', 'Lifetime', 'Donor dinner'],
}

/** Twelve charges of a weekly plan tell as much as fifty. */
const MOST_CHARGES = 12

type Living = { acts: MemberAct[]; random: Random; publisher: Publisher; end: number }

/** A life from a time on; acts before the world begins were told to nobody. */
export function memberLife(
  random: Random,
  publisher: Publisher,
  from: number,
  end: number,
): MemberAct[] {
  const acts: MemberAct[] = []
  const living = { acts, random, publisher, end }
  if (random.chance(0.6)) acts.push({ at: from, what: 'sign-up' })
  const at = from + random.pick([1000, 90_000, random.between(1, 20) * DAY])
  const way = random.next()
  if (way < 0.66) subscribe(living, at, undefined)
  else if (way < 0.76) beFree(living, at)
  else if (way < 0.9) give(living, at)
  else if (way < 0.93) migrate(living, at)
  if (random.chance(0.4)) acts.push({ at: random.between(from, end), what: 'change-profile' })
  return acts.filter((act) => act.at < end).sort((a, b) => a.at - b.at)
}

/** Subscribes, pays until something ends it, and perhaps comes back. */
function subscribe(living: Living, at: number, before: Plan | undefined): void {
  const { acts, random, publisher } = living
  const plan =
    before && random.chance(0.4) ? before : priced(random.pick(publisher.plans), publisher, at)
  if (before === undefined && random.chance(0.12)) {
    tryFirst(living, at, plan)
    return
  }
  acts.push({ at, what: 'subscribe', plan })
  pay(living, at, plan)
}

/** The plan at the price of a time. */
function priced(plan: Plan, { changes }: Publisher, at: number): Plan {
  const change = changes.find(({ tier }) => tier === plan.tier)
  return change && change.at <= at ? { ...plan, price: change.price } : plan
}

function tryFirst(living: Living, at: number, plan: Plan): void {
  const { acts, random } = living
  const endsAt = at + random.pick([7, 14, 30]) * DAY
  acts.push({ at, what: 'start-trial', plan, endsAt })
  if (random.chance(0.3)) {
    // Stopped within it, perhaps within minutes, and begun again.
    const stoppedAt = random.chance(0.3) ? at + MINUTE : random.between(at, endsAt)
    acts.push({ at: stoppedAt, what: 'stop', reason: 'stopped_by_admin' })
    if (random.chance(0.5)) acts.push({ at: stoppedAt + MINUTE, what: 'start-trial', plan, endsAt })
    else return
  }
  acts.push({ at: endsAt, what: 'charge', plan, isFirst: true })
  pay(living, endsAt, plan)
}

/** Period after period, from a charge on. */
function pay(living: Living, from: number, first: Plan): void {
  const { acts, random, publisher, end } = living
  let plan = first
  let paidAt = from
  for (let charges = 0; paidAt < end; charges++) {
    let due = paidAt + PERIOD_DAYS[plan.interval] * DAY
    const within = duringPeriod(living, plan, { paidAt, due })
    if (within === 'over') return
    if (within) {
      plan = within.plan
      due = within.due
    }
    if (charges >= MOST_CHARGES) {
      decline(living, plan, { paidAt, due })
      return
    }
    const change = publisher.changes.find((one) => one.tier === plan.tier && one.at > paidAt)
    if (change && change.at < due && change.price !== plan.price) {
      plan = { ...plan, price: change.price }
      // Sometimes just before the renewal.
      acts.push({ at: change.at, what: 'reprice', plan })
    }
    const chargedAt = random.chance(0.12) ? dun(living, due) : due
    if (chargedAt === undefined) {
      comeBack(living, due + 21 * DAY, plan)
      return
    }
    acts.push({ at: chargedAt, what: 'charge', plan, isFirst: false })
    paidAt = chargedAt
  }
}

type Period = { paidAt: number; due: number }

/** What else happens between two charges. */
function duringPeriod(
  living: Living,
  plan: Plan,
  period: Period,
): 'over' | { plan: Plan; due: number } | undefined {
  const { acts, random } = living
  const { paidAt, due } = period
  const at = random.pick([
    paidAt + 3 * MINUTE,
    due - 5 * MINUTE,
    random.between(paidAt, due),
    random.between(paidAt, due),
  ])
  const what = random.next()
  if (what < 0.05) {
    const cents = random.pick([plan.price, plan.price, Math.round(plan.price / 3), 100])
    acts.push({ at: random.chance(0.2) ? due + 2 * MINUTE : at, what: 'refund', cents })
  } else if (what < 0.1) {
    const other = living.publisher.plans.filter(({ tier }) => tier !== plan.tier)
    const next = priced(random.pick(other), living.publisher, at)
    acts.push({ at, what: 'switch', plan: next })
    return { plan: next, due: at + PERIOD_DAYS[next.interval] * DAY }
  } else if (what < 0.14) {
    decline(living, plan, period)
    return 'over'
  } else if (what < 0.17) {
    const refundedAt = at + random.pick([-40_000, 40_000])
    if (random.chance(0.4)) acts.push({ at: refundedAt, what: 'refund', cents: plan.price })
    acts.push({ at, what: 'stop', reason: 'stopped_by_admin' })
    comeBack(living, at, plan)
    return 'over'
  } else if (what < 0.19) {
    acts.push({ at, what: 'give', ...giftOf(random) })
  }
  return undefined
}

/** Chooses not to renew: the subscription goes on to the end of the period. */
function decline(living: Living, plan: Plan, { paidAt, due }: Period): void {
  living.acts.push({ at: living.random.between(paidAt, due), what: 'decline', endsAt: due })
  living.acts.push({ at: due, what: 'lapse' })
  comeBack(living, due, plan)
}

/** Three tries in 21 days. Returns when one of them succeeds, if one does. */
function dun({ acts, random }: Living, due: number): number | undefined {
  const tries = [due, due + 7 * DAY, due + 14 * DAY]
  const failed = random.chance(0.5) ? 3 : 1 + random.below(2)
  for (const at of tries.slice(0, failed)) acts.push({ at, what: 'fail' })
  if (random.chance(0.5)) acts.push({ at: due + 2000, what: 'lose-newsletters' })
  if (failed < 3) return tries[failed]
  acts.push({ at: due + 21 * DAY, what: 'stop', reason: 'dunning' })
  return undefined
}

/** After minutes, days or months, to the same plan or another. */
function comeBack(living: Living, endedAt: number, plan: Plan): void {
  const { random } = living
  if (!random.chance(0.4)) return
  const pause = random.pick([4 * MINUTE, 3 * DAY, random.between(40, 280) * DAY])
  subscribe(living, endedAt + pause, plan)
}

/** Free access, taken and given again, sometimes within a minute or two. */
function beFree(living: Living, at: number): void {
  const { acts, random, publisher } = living
  const plan = random.pick(publisher.plans)
  acts.push({ at, what: 'grant', plan })
  if (random.chance(0.3)) return
  const takenAt = at + random.pick([MINUTE, random.between(5, 90) * DAY])
  acts.push({ at: takenAt, what: 'revoke' })
  const way = random.next()
  if (way < 0.4) acts.push({ at: takenAt + MINUTE, what: 'grant', plan })
  else if (way < 0.7) subscribe(living, takenAt + random.between(1, 30) * DAY, undefined)
}

function give({ acts, random }: Living, at: number): void {
  const gift = giftOf(random)
  const count = 1 + random.below(4)
  for (let i = 0, time = at; i < count; i++) {
    acts.push({ at: time, what: 'give', ...(random.chance(0.6) ? gift : giftOf(random)) })
    time += random.pick([3 * MINUTE, random.between(2, 60) * DAY])
  }
}

function giftOf(random: Random) {
  const how = random.pick(['donation', 'donation', 'gift', 'one_time'] as const)
  return { how, label: random.pick(LABELS[how]), cents: random.pick([500, 1000, 2500, 5000]) }
}

/** Comes from another platform, with what was paid there. */
function migrate(living: Living, at: number): void {
  const { acts, random, publisher } = living
  const plan = random.pick(publisher.plans)
  const periods = 1 + random.below(8)
  const since = at - (periods - 0.5) * PERIOD_DAYS[plan.interval] * DAY
  acts.push({ at, what: 'migrate', plan, since, periods })
  pay(living, at, plan)
}
