// What Hype's payment events mean in the light of the others of the same contact. Hype names neither payment nor
// subscription, tells a refund and a failed charge by one event, and a cancellation and a plan switch by another; what
// tells them apart is the running total, who did it, and what came shortly before or after. Every conclusion says on what
// it rests, and how surely.
import { type Amount, signOf, subtract } from '../../core/amount.ts'
import type { MembershipEvent } from '../../core/event.ts'
import { type Derived, type Meaning, markLate, NEIGHBOURS, ONE_ACT_MS } from '../../core/history.ts'
import type {
  EndReason,
  EventKind,
  EventType,
  Inference,
  PaymentKind,
  Reading,
  Subscription,
} from '../../core/vocabulary.ts'

/** How long after its end a re-priced subscription may be paid at the new price: at its next renewal. */
const RENEWAL_WINDOW_MS = 370 * 86_400_000

/** How far the first payment of a contact may be from the event that tells of it. */
const FIRST_PAYMENT_WINDOW_MS = 2 * 86_400_000

/** What the events are about that say what one of this type means. */
export function kinOf(vendorType: string): readonly EventKind[] {
  return vendorType.startsWith('payment.') ? ['payment', 'subscription'] : ['contact']
}

/**
 * What an event of one of Hype's types says by itself, who did it and the running total given. The log may know more;
 * until it is asked, the inference says how little this is.
 */
export function meaningOf(
  type: string,
  actor: string,
  total: Amount | null | undefined,
): { type: EventType; data: object } {
  const inference = (confidence: Inference['confidence'], ...basis: string[]): Inference => ({
    basis,
    confidence,
    evidence: [],
  })
  const by = `actor_${actor}`
  if (type === 'payment.updated') {
    if (actor !== 'dashboard') {
      return { type, data: { inference: inference('none', by, 'no_earlier_total') } }
    }
    const full = total && !/[1-9]/.test(total.value) ? true : null
    return {
      type: 'payment.refunded',
      data: {
        refund: { amount: null, full },
        inference: inference('likely', by, 'no_earlier_total'),
      },
    }
  }
  if (type === 'payment.deleted') {
    const dunning = actor === 'system'
    return {
      type: 'subscription.ended',
      data: {
        reason: dunning ? 'dunning' : 'unknown',
        inference: inference(dunning ? 'likely' : 'none', by),
      },
    }
  }
  return { type: type as EventType, data: {} }
}

/** What an event means among the others of its contact, and what follows from it. Gives the same for the same facts. */
export function meaningAmong(event: MembershipEvent, past: readonly MembershipEvent[]): Meaning {
  // What we concluded is no fact.
  const others = past.filter(({ typebasis }) => typebasis !== 'history')
  const marked = markLate(event, others)
  if (!event.vendortype.startsWith('payment.')) return { event: marked, derived: [] }
  return {
    event: read(marked, others),
    derived: [...switchesWith(marked, others), ...correctionsBy(marked, others)],
  }
}

/** Orders events by their times. Of one second, an end comes before a payment: what was bought is what counts. */
function inTime(a: MembershipEvent, b: MembershipEvent): number {
  const isEnd = ({ vendortype }: MembershipEvent) => (vendortype === 'payment.deleted' ? 0 : 1)
  return Date.parse(a.time) - Date.parse(b.time) || isEnd(a) - isEnd(b) || (a.id < b.id ? -1 : 1)
}

/** One event as it is understood among others, whatever it was understood as before. */
function read(said: MembershipEvent, others: readonly MembershipEvent[]): MembershipEvent {
  const event = alone(said)
  const before = others.filter((other) => inTime(other, event) < 0).sort(inTime)
  const after = others.filter((other) => inTime(other, event) > 0).sort(inTime)
  switch (event.vendortype) {
    case 'payment.updated':
      return readUpdate(event, before)
    case 'payment.created':
      return readPayment(event, before, after)
    case 'payment.deleted':
      return readEnd(event, before, after)
    default:
      return event
  }
}

/** An event as it is by itself: without any conclusion from others. */
function alone(event: MembershipEvent): MembershipEvent {
  const { actor = 'unknown', inference: _, ...said } = event.data
  const { type, data } = meaningOf(event.vendortype, actor, totalOf(event))
  const { payment: __, ...rest } = said as { payment?: unknown }
  const whole = { ...rest, ...('actor' in event.data ? { actor } : {}) }
  return retyped({ ...event, data: whole } as MembershipEvent, type, data)
}

/** A failed charge or a refund: what the running total did, and who did it. */
function readUpdate(event: MembershipEvent, before: readonly MembershipEvent[]): MembershipEvent {
  const { actor = 'unknown' } = event.data
  const total = totalOf(event)
  // A total of the same second says nothing: nobody knows which was first.
  const earlier = before.filter(
    (other) => totalOf(other) !== undefined && Date.parse(other.time) < Date.parse(event.time),
  )
  const last = earlier.at(-1)
  const lastTotal = last && totalOf(last)
  const change = total && lastTotal ? subtract(total, lastTotal) : undefined
  if (last === undefined || total === undefined || change === undefined) return event
  const evidence = [last.id]
  const by = `actor_${actor}`
  if (signOf(change) < 0) {
    const inference = { basis: ['total_fell', by], confidence: 'strong' as const, evidence }
    const amount = { ...change, value: change.value.replace('-', '') }
    return retyped(event, 'payment.refunded', {
      refund: { amount, full: signOf(total) === 0 },
      inference,
    })
  }
  if (signOf(change) === 0 && (actor === 'system' || actor === 'user')) {
    const inference = { basis: ['total_unchanged', by], confidence: 'likely' as const, evidence }
    return retyped(event, 'payment.failed', { inference })
  }
  const basis = [signOf(change) === 0 ? 'total_unchanged' : 'total_rose', by]
  return retyped(event, 'payment.updated', {
    inference: { basis, confidence: 'none' as const, evidence },
  })
}

/** A first purchase, a renewal, one half of a switch, a gift or a donation. */
function readPayment(
  event: MembershipEvent,
  before: readonly MembershipEvent[],
  after: readonly MembershipEvent[],
): MembershipEvent {
  const [kind, inference] = kindOf(event, before, after)
  return { ...event, data: { ...event.data, payment: { kind }, inference } } as MembershipEvent
}

function kindOf(
  event: MembershipEvent,
  before: readonly MembershipEvent[],
  after: readonly MembershipEvent[],
): [PaymentKind, Inference] {
  const subscription = subscriptionOf(event)
  const because = (
    kind: PaymentKind,
    confidence: Inference['confidence'],
    basis: string[],
    evidence: string[] = [],
  ): [PaymentKind, Inference] => [kind, { basis, confidence, evidence }]

  const named = namedIn(subscription)
  if (named) return because(named, 'likely', ['named_so'])
  if (isSingle(subscription)) return because('one_time', 'likely', ['interval'])
  const others = [...before, ...after]
  const ended = others.find(
    (other) =>
      other.vendortype === 'payment.deleted' &&
      otherHalf(other, [...others.filter((one) => one !== other), event])?.paid === event,
  )
  if (ended) return because('plan_switch', 'strong', ['ended_within_window'], [ended.id])
  const last = before.findLast(
    (one) =>
      one.vendortype === 'payment.deleted' ||
      (subscriptionOf(one)?.tier && !isSingle(subscriptionOf(one))),
  )
  if (last !== undefined) {
    if (last.vendortype === 'payment.deleted') {
      return last.data.actor === 'dashboard' && isRepriced(last, event)
        ? because('renewal', 'likely', ['same_tier_at_another_price'], [last.id])
        : because('first_purchase', 'likely', ['subscription_had_ended'], [last.id])
    }
    if (subscription?.tier === undefined) {
      return because('unknown', 'none', ['tier_not_told'], [last.id])
    }
    if (subscriptionOf(last)?.tier !== subscription.tier) {
      return because('plan_switch', 'likely', ['tier_changed'], [last.id])
    }
    const step = stepFrom(last, event)
    if (step === 'recurring') {
      return because('renewal', 'strong', ['same_tier', 'total_rose_by_recurring'], [last.id])
    }
    return step === 'other'
      ? because('unknown', 'none', ['same_tier', 'total_rose_otherwise'], [last.id])
      : because('renewal', 'likely', ['same_tier'], [last.id])
  }
  const first = subscription?.first_payment_at
  if (first) {
    const age = Date.parse(event.time) - Date.parse(first)
    if (Math.abs(age) <= FIRST_PAYMENT_WINDOW_MS) {
      return because('first_purchase', 'likely', ['first_payment_now'])
    }
    if (age > 0) return because('renewal', 'likely', ['first_payment_earlier'])
  }
  return because('unknown', 'none', ['no_history'])
}

/** Whether the total rose by what a renewal costs, or by something else; undefined where that is not known. */
function stepFrom(
  last: MembershipEvent,
  event: MembershipEvent,
): 'recurring' | 'other' | undefined {
  const [total, lastTotal, recurring] = [totalOf(event), totalOf(last), recurringOf(event)]
  const change = total && lastTotal && subtract(total, lastTotal)
  const rest = change && recurring && subtract(change, recurring)
  if (rest === undefined) return undefined
  return signOf(rest) === 0 ? 'recurring' : 'other'
}

/** A cancellation, one half of a switch, or a new price. */
function readEnd(
  event: MembershipEvent,
  before: readonly MembershipEvent[],
  after: readonly MembershipEvent[],
): MembershipEvent {
  const { actor = 'unknown' } = event.data
  const by = `actor_${actor}`
  const because = (reason: EndReason, inference: Inference) =>
    ({ ...event, data: { ...event.data, reason, inference } }) as MembershipEvent

  const half = otherHalf(event, [...before, ...after])
  if (half) {
    const { paid, confidence } = half
    const side = inTime(paid, event) < 0 ? 'paid_before_within_window' : 'paid_after_within_window'
    return because('plan_switch', { basis: [side, by], confidence, evidence: [paid.id] })
  }
  const renewal = after.find(
    (other) =>
      other.vendortype === 'payment.created' &&
      Date.parse(other.time) - Date.parse(event.time) <= RENEWAL_WINDOW_MS,
  )
  if (actor === 'dashboard' && renewal && isRepriced(event, renewal)) {
    const basis = ['same_tier_at_another_price', by]
    return because('price_change', { basis, confidence: 'likely', evidence: [renewal.id] })
  }
  return event
}

function isRepriced(ended: MembershipEvent, renewal: MembershipEvent): boolean {
  const [old, now] = [recurringOf(ended), recurringOf(renewal)]
  const tier = subscriptionOf(ended)?.tier
  const change = old && now && subtract(now, old)
  return (
    typeof tier === 'string' &&
    tier === subscriptionOf(renewal)?.tier &&
    change !== undefined &&
    signOf(change) !== 0
  )
}

/** The payment of another plan that an end is one half of a switch with: the closest within the window. */
function otherHalf(
  ended: MembershipEvent,
  others: readonly MembershipEvent[],
): { paid: MembershipEvent; confidence: 'strong' | 'likely' } | undefined {
  const distance = (other: MembershipEvent) =>
    Math.abs(Date.parse(other.time) - Date.parse(ended.time))
  const candidates = others
    .filter((one) => one.vendortype === 'payment.created' && distance(one) <= ONE_ACT_MS)
    .filter((one) => !isSingle(subscriptionOf(one)))
    .toSorted((a, b) => distance(a) - distance(b))
  for (const paid of candidates) {
    const [old, plan] = [planBefore(ended, paid, others), subscriptionOf(paid)]
    const isOther = old !== undefined && differs(old, plan)
    const isUntold = old === undefined || plan?.tier === undefined
    // The same plan paid before its end is a charge, or a purchase thought better of; paid after it, it goes on.
    if (isOther || isUntold || inTime(paid, ended) > 0) {
      return { paid, confidence: isOther ? 'strong' : 'likely' }
    }
  }
  return undefined
}

/** The plan that ended: as the end says, or as the last event before both says. */
function planBefore(
  ended: MembershipEvent,
  paid: MembershipEvent,
  others: readonly MembershipEvent[],
): Subscription | undefined {
  const own = subscriptionOf(ended)
  if (own?.tier) return own
  const before = others.filter((one) => inTime(one, ended) < 0 && one.id !== paid.id)
  return before
    .toSorted(inTime)
    .map(subscriptionOf)
    .findLast((one) => one?.tier)
}

/** A gift, a donation, or anything else that is paid once: no plan. */
function isSingle(subscription: Subscription | undefined): boolean {
  if (subscription === undefined) return false
  const { tier, interval, interval_raw } = subscription
  // Hype says null for the interval of what is paid once; with a tier it may be a plan without an end.
  const isNothing = interval_raw === null && !tier
  return namedIn(subscription) !== undefined || interval === 'one_time' || isNothing
}

function namedIn(subscription: Subscription | undefined): 'gift' | 'donation' | undefined {
  const words = `${subscription?.kind ?? ''} ${subscription?.tier ?? ''}`.toLowerCase()
  if (/\bgift/.test(words)) return 'gift'
  return /\bdonat/.test(words) ? 'donation' : undefined
}

/** The plan change that this event completes, told once both of its halves are there: one for each end. */
function switchesWith(event: MembershipEvent, others: readonly MembershipEvent[]): Derived[] {
  const facts = [...others, event]
  const ends =
    event.vendortype === 'payment.deleted'
      ? [event]
      : event.vendortype === 'payment.created'
        ? others.filter(({ vendortype }) => vendortype === 'payment.deleted')
        : []
  return ends.flatMap((ended): Derived[] => {
    const half = otherHalf(ended, facts)
    if (half === undefined || (half.paid !== event && ended !== event)) return []
    const { paid, confidence } = half
    const { contact, account, actor } = event.data
    const [previous, subscription] = [planBefore(ended, paid, facts), subscriptionOf(paid)]
    const data = {
      contact,
      ...(account === undefined ? {} : { account }),
      ...(actor === undefined ? {} : { actor }),
      ...(subscription === undefined ? {} : { subscription }),
      ...(previous === undefined ? {} : { previous_subscription: previous }),
      inference: {
        basis: ['ended_and_paid_within_window'],
        confidence,
        evidence: [ended.id, paid.id],
      },
    } as Derived['data']
    return [{ type: 'subscription.plan_changed', data, identity: [ended.id] }]
  })
}

/** Whether two plans differ in what is told of both. */
function differs(a: Subscription, b: Subscription = {}): boolean {
  return (['tier', 'interval'] as const).some(
    (name) => a[name] !== undefined && b[name] !== undefined && a[name] !== b[name],
  )
}

/** What was said of other events, and is seen otherwise now that this one is known. */
function correctionsBy(event: MembershipEvent, others: readonly MembershipEvent[]): Derived[] {
  const seen = others.filter((one) => isCovered(one, event, others))
  return seen.flatMap((one): Derived[] => {
    const rest = others.filter(({ id }) => id !== one.id)
    const [was, is] = [readingOf(read(one, rest)), readingOf(read(one, [...rest, event]))]
    if (JSON.stringify(was) === JSON.stringify(is)) return []
    const type = one.type === 'subscription.ended' ? 'subscription.corrected' : 'payment.corrected'
    const { contact, account } = event.data
    const data = {
      contact,
      ...(account === undefined ? {} : { account }),
      corrects: one.id,
      was,
      is,
      inference: { basis: ['new_facts'], confidence: 'likely', evidence: [one.id, event.id] },
    } as Derived['data']
    return [{ type, data, identity: [one.id, event.id], corrects: one.id }]
  })
}

/**
 * Whether all that could say what an event means is among those closest to another: else a conclusion from what is seen
 * of its surroundings is none.
 */
function isCovered(
  one: MembershipEvent,
  event: MembershipEvent,
  others: readonly MembershipEvent[],
): boolean {
  const payments = others.filter(({ type }) => type.startsWith('payment.'))
  const side = payments.filter(
    (other) => Math.sign(inTime(other, event)) === Math.sign(inTime(one, event)),
  )
  const distance = (other: MembershipEvent) =>
    Math.abs(Date.parse(other.time) - Date.parse(event.time))
  const furthest = Math.max(0, ...side.map(distance))
  return side.length < NEIGHBOURS || furthest > distance(one) + ONE_ACT_MS
}

/** What an event says happened, as far as it is concluded. A payment's kind is a hint, and not corrected. */
function readingOf(event: MembershipEvent): Reading {
  const { type, data } = event
  return {
    type,
    ...('reason' in data ? { reason: data.reason } : {}),
    ...('refund' in data ? { refund: data.refund } : {}),
  }
}

/** The event under another type, with what that type says; what it said as its old type is left behind. */
function retyped(event: MembershipEvent, type: EventType, said: object): MembershipEvent {
  const { refund: _refund, ...data } = event.data as { refund?: unknown }
  return {
    ...event,
    type,
    dataschema: event.dataschema.replace(event.type, type),
    data: { ...data, ...said },
  } as MembershipEvent
}

function subscriptionOf({ data }: MembershipEvent): Subscription | undefined {
  return 'subscription' in data ? data.subscription : undefined
}

function totalOf(event: MembershipEvent): Amount | undefined {
  return subscriptionOf(event)?.total_paid_amount ?? undefined
}

function recurringOf(event: MembershipEvent): Amount | undefined {
  return subscriptionOf(event)?.recurring_amount ?? undefined
}
