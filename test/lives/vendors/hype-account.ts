// The account of a contact at Hype, as `data` of its webhooks describes it (article, "Payment Payload Example").
import type { MemberAct } from '../world/member.ts'
import { DAY, PERIOD_DAYS, type Plan } from '../world/plans.ts'
import type { Member } from './hype.ts'
import type { HypeReadings } from './readings.ts'

export type Account = {
  email: string
  nextEmail: string | undefined
  readings: HypeReadings
  isAnnounced: boolean
  hasHadPlan: boolean
  plan: Plan | undefined
  isFree: boolean
  isRepriced: boolean
  /** In cents: of the contact, and of the present plan. */
  total: number
  planTotal: number
  /** A sum of floats, with their errors. */
  floatTotal: number
  discount: string | null
  billingEnd: number | null
  firstPayment: number | null
  finalPayment: number | null
  trialEnd: number | null
}

export function accountOf({ email, nextEmail, id }: Member, readings: HypeReadings): Account {
  return {
    ...{ email, nextEmail, readings, isAnnounced: false, hasHadPlan: false },
    ...{ plan: undefined, isFree: false, isRepriced: false, total: 0, planTotal: 0, floatTotal: 0 },
    discount: id.endsWith('7') ? 'SPRING' : null,
    ...{ billingEnd: null, firstPayment: null, finalPayment: null, trialEnd: null },
  }
}

/** What an act changes. Returns what cannot be seen afterwards. */
export function applied(account: Account, act: MemberAct) {
  const moved = { isReturn: account.hasHadPlan, isRepriced: account.isRepriced, refunded: 0 }
  switch (act.what) {
    case 'sign-up':
      account.isAnnounced = true
      break
    case 'change-profile':
      if (account.nextEmail !== undefined) account.email = account.nextEmail
      break
    case 'subscribe':
      begin(account, act.plan, act.at)
      paid(account, act.plan.price, act.at)
      break
    case 'start-trial':
      begin(account, act.plan, act.at)
      account.trialEnd = act.endsAt
      account.billingEnd = act.endsAt
      break
    case 'charge':
      charge(account, act.plan, act.at)
      break
    case 'switch':
      change(account, act.plan, act.at)
      break
    case 'reprice':
      account.plan = act.plan
      account.isRepriced = true
      break
    case 'refund':
      moved.refunded = refund(account, act.cents)
      break
    case 'give':
      paid(account, act.cents, act.at)
      break
    case 'migrate':
      begin(account, act.plan, act.since)
      account.isAnnounced = true
      paid(account, act.plan.price * act.periods, act.since)
      account.billingEnd = act.at + 0.5 * PERIOD_DAYS[act.plan.interval] * DAY
      break
    // Yfree, "granting subscribers free access": the membership says so, and `whitelisted`.
    case 'grant':
      begin(account, { ...act.plan, price: 0 }, act.at)
      account.isFree = true
      account.billingEnd = null
      account.isAnnounced = true
      break
    // Ycancel: FINAL PAYMENT and TIER both set is cancelled, still in the paid period.
    case 'decline':
      account.finalPayment = account.billingEnd
      break
    case 'lapse':
    case 'stop':
    case 'revoke':
      account.plan = undefined
      account.isFree = false
      account.finalPayment = act.at
  }
  return moved
}

function begin(account: Account, plan: Plan, at: number): void {
  Object.assign(account, { plan, isFree: false, isRepriced: false, hasHadPlan: true, planTotal: 0 })
  Object.assign(account, { finalPayment: null, trialEnd: null })
  account.billingEnd = at + PERIOD_DAYS[plan.interval] * DAY
}

function paid(account: Account, cents: number, at: number): void {
  account.total += cents
  account.planTotal += cents
  account.floatTotal += cents / 100
  account.firstPayment ??= at
}

function charge(account: Account, plan: Plan, at: number): void {
  account.plan = plan
  account.isRepriced = false
  account.trialEnd = null
  account.billingEnd = at + PERIOD_DAYS[plan.interval] * DAY
  paid(account, plan.price, at)
}

function change(account: Account, plan: Plan, at: number): void {
  const { readings } = account
  account.plan = plan
  account.isRepriced = false
  account.planTotal = 0
  account.billingEnd = at + PERIOD_DAYS[plan.interval] * DAY
  if (readings.switchCharge === 'at-once') paid(account, plan.price, at)
}

function refund(account: Account, asked: number): number {
  const most = account.readings.total === 'plan' ? account.planTotal : account.total
  const cents = Math.min(asked, most)
  account.total -= cents
  account.planTotal = Math.max(0, account.planTotal - cents)
  account.floatTotal -= cents / 100
  return cents
}

/** `data` of a payment. Times are Unix seconds, as in the example. */
export function dataOf(account: Account) {
  const { plan, isFree } = account
  return {
    discount_code: account.discount,
    membership: isFree ? 'Individual Subscriber (Free Access)' : 'Individual Subscriber',
    whitelisted: isFree,
    tier: (plan?.tier ?? null) as string | null,
    billing_interval: (plan?.interval ?? null) as string | null,
    billing_end: seconds(account.billingEnd),
    recurring: (plan ? plan.price / 100 : 0) as number | null,
    total: totalOf(account),
    first_payment: seconds(account.firstPayment),
    final_payment: seconds(account.finalPayment),
    trial_end: seconds(account.trialEnd),
    acquisition: {
      audience: 'Default Global',
      region: 'Norway',
      source: 'Other',
      device: 'Desktop',
      adblock: true,
    },
  }
}

/** "total": a running total; as a number of the vendor's arithmetic, or as text. */
function totalOf({ readings, total, planTotal, floatTotal }: Account): number | string {
  const cents = readings.total === 'plan' ? planTotal : total
  if (readings.totalForm === 'text') return (cents / 100).toFixed(2)
  return readings.totalForm === 'float' && readings.total === 'contact' ? floatTotal : cents / 100
}

const seconds = (ms: number | null): number | null => (ms === null ? null : Math.floor(ms / 1000))
