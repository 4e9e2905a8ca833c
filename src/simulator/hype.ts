// The simulated Hype (help centre article "Receive Contact Event Notifications with Webhooks"): one documented body for all
// five types.
import type { JsonObject } from '../core/intake/json.ts'
import type { Member } from './member.ts'
import type { JourneyMessage, Sender } from './sender.ts'
import type { StepName } from './step.ts'

const DAY = 86_400_000
const MINUTE = 60_000
const MONTH = 30 * DAY

/** The usual actor of each type: members sign up and pay, the system charges, ends come from the dashboard. */
const ACTORS = {
  'contact.created': 'user',
  'contact.updated': 'user',
  'payment.created': 'user',
  'payment.updated': 'system',
  'payment.deleted': 'dashboard',
}
type Type = keyof typeof ACTORS

const seconds = (ms: number) => Math.floor(ms / 1000)

/** The data of a contact who does not pay. */
const FREE = {
  discount_code: null,
  membership: null,
  whitelisted: false,
  tier: null,
  billing_interval: null,
  billing_end: null,
  recurring: 0,
  total: 0,
  first_payment: null,
  final_payment: null,
  trial_end: null,
  acquisition: {
    audience: 'Default Global',
    region: 'United States',
    source: 'Other',
    device: 'Desktop',
    adblock: true,
  },
}

/** The data of a plan in its first month, paid at a time in epoch milliseconds. */
const supporter = (paid: number) => ({
  ...FREE,
  membership: 'Individual Subscriber',
  tier: 'Supporter',
  billing_interval: 'Monthly',
  billing_end: seconds(paid + MONTH),
  recurring: 10,
  total: 10,
  first_payment: seconds(paid),
})

function message(
  type: Type,
  member: Member,
  at: number,
  data: JsonObject,
  source: string = ACTORS[type],
) {
  return {
    id: member.contactId,
    publisher_id: member.publisherId,
    email: member.email,
    name: `${member.givenName} ${member.familyName}`,
    type,
    source,
    data,
    version: '1.1.0',
    timestamp: seconds(at),
  }
}

/**
 * The simulated Hype. It sends no check-ins, and a first payment instead of a change of status. A failed charge is a
 * `payment.updated` with an unchanged total, a plan switch is an end and a payment, and an end has no reason.
 */
export const hype = {
  types: Object.keys(ACTORS) as [Type, ...Type[]],
  isTypeInUrl: false,
  deliveryHeader: undefined,
  essential: ['id', 'publisher_id', 'email', 'type', 'data', 'timestamp'],
  bodyOf: (type, member, at) =>
    message(type as Type, member, at, type === 'contact.created' ? FREE : supporter(at)),

  journeyOf(member, joined) {
    const paid = joined + 3 * DAY
    const entry = (
      step: StepName,
      after: number,
      type: Type,
      data: JsonObject,
      actor?: string,
    ): JourneyMessage => {
      const at = joined + after
      return { step, type, at, body: message(type, member, at, data, actor) }
    }
    const plan = supporter(paid)
    const renewed = { ...plan, total: 20, billing_end: seconds(paid + 2 * MONTH) }
    const patron = {
      ...renewed,
      tier: 'Patron',
      recurring: 25,
      total: 45,
      billing_end: seconds(joined + 50 * DAY + MONTH),
    }
    const leaving = seconds(joined + 50 * DAY)
    return [
      entry('join', 0, 'contact.created', FREE),
      entry('status_change', 3 * DAY, 'payment.created', plan),
      entry('failed_payment', 33 * DAY, 'payment.updated', plan),
      entry('failed_payment', 33 * DAY + MINUTE, 'contact.updated', plan, 'system'),
      entry('recovered', 35 * DAY, 'payment.created', renewed),
      entry('plan_switch', 50 * DAY, 'payment.deleted', { ...renewed, final_payment: leaving }),
      entry('plan_switch', 50 * DAY + MINUTE, 'payment.created', patron),
      entry('cancelled', 75 * DAY, 'payment.deleted', { ...patron, final_payment: leaving }),
    ]
  },

  junkOf: (body) => ({ ...body, type: 'payment.frozen' }),
} satisfies Sender
