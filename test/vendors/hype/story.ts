// The events of Hype's members, told in a line each, and what they mean beside each other.
import { composeEvent, type MembershipEvent } from '../../../src/core/events/event.ts'
import type { Interpretation } from '../../../src/core/events/history.ts'
import { newEventId } from '../../../src/core/id.ts'
import { hype } from '../../../src/vendors/hype/index.ts'

export const T0 = 1_795_000_000
export const DAY = 86_400

/** The plan of the tests: 10 a month, first paid at T0. */
export const PLAN = {
  membership: 'Individual Subscriber',
  whitelisted: false,
  tier: 'Golden',
  billing_interval: 'Monthly',
  recurring: 10,
  total: 10,
  first_payment: T0,
  final_payment: null,
}

/** A message: its type, when it happened (seconds after T0), who did it, and what differs from the plan. */
export type Told = {
  type: 'created' | 'updated' | 'deleted'
  at: number
  by?: string
  data?: object
  contact?: string
  publisher?: string
  /** The configured currency of its source. */
  currency?: string
  /** False for a message without a timestamp. */
  timed?: boolean
}

/** The event of a message, received `n` messages after the first, by itself. */
export function eventOf(told: Told, n = 0): MembershipEvent {
  const { type, at, by, data = {}, contact = 'ana', publisher = 'pub-1111', timed = true } = told
  const body = {
    id: contact,
    publisher_id: publisher,
    type: `payment.${type}`,
    ...(by === undefined ? {} : { source: by }),
    data: { ...PLAN, ...data },
    version: '1.1.0',
    ...(timed ? { timestamp: T0 + at } : {}),
  }
  const message = { body, headers: new Headers(), eventName: undefined }
  const normalized = hype.normalize(message, { currency: told.currency } as never)
  if (!normalized.ok) throw new Error(JSON.stringify(normalized.error))
  return composeEvent(normalized.value.event, {
    id: newEventId((T0 + (timed ? 10_000 * DAY : at)) * 1000 + n, n),
    source: 'hype',
    vendor: 'hype',
    mappingVersion: hype.mappingVersion,
    origin: 'https://relay.example',
    warnings: [],
  })
}

/** What the last of some messages means after the others, in the order in which they arrive. */
export function meaningOf(...story: Told[]): Interpretation {
  const events = story.map(eventOf)
  const own = events.at(-1) as MembershipEvent
  return hype.interpret(own, { past: events.slice(0, -1), peers: [] })
}

/** The conclusion about an event in a line: its type or kind or reason, the confidence, and what was paid back. */
export function conclusionOf({ event: { type, data } }: Pick<Interpretation, 'event'>): string {
  const { reason, payment, refund, inference } = data as {
    reason?: string
    payment?: { kind: string }
    refund?: { amount: { value: string } | null; full: boolean | null }
    inference?: { confidence: string }
  }
  const paid = refund && ` ${refund.amount?.value ?? '?'}${refund.full ? ' in full' : ''}`
  return `${reason ?? payment?.kind ?? type} ${inference?.confidence}${paid ?? ''}`
}
