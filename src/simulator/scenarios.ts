// Scenarios: for each type of event, the messages of a vendor that lead to an event of that type. A type may have several.
import type { EventType } from '../core/events/vocabulary.ts'
import type { VendorId } from '../vendors/index.ts'
import { hapana, OFF_PEAK, UNLIMITED } from './hapana.ts'
import { hype } from './hype.ts'
import type { Member } from './member.ts'

/**
 * The messages, in order, after which the log has an event of a type. `eventName`: the value of `?event=` in their URL.
 * `which`: what tells it from the others of its type.
 */
export type Scenario = {
  type: EventType
  which?: string
  messages: { eventName: string | undefined; body: object }[]
}

const ANA: Member = {
  clientId: 'U0FNUExFQ0xJRU5UMDAwMDAwMDAwMQ09',
  siteId: 'U0FNUExFU0lURTAwMDAwMDAwMDAwMQ09',
  contactId: '0a1b2c3d-1111-4222-8333-444455556666',
  publisherId: '9f8e7d6c-aaaa-4bbb-8ccc-ddddeeeeffff',
  givenName: 'Ana',
  familyName: 'Silva',
  email: 'ana.silva@example.com',
  phone: '+12025550101',
  gender: 'Female',
  birthDate: '1990-04-12',
  address: '1 Example Street, Sydney',
  barcode: '0012345',
}
const START = Date.parse('2026-11-20T22:15:00Z')
const HOUR = 3_600_000

const gym = (type: string, details: object = {}) => ({
  eventName: type,
  body: { ...hapana.bodyOf(type, ANA, START), ...details },
})
const account = gym('accountCreated')

const HAPANA: Scenario[] = [
  { type: 'contact.created', messages: [account] },
  {
    type: 'contact.site_linked',
    messages: [account, gym('accountCreated', { siteID: 'U0FNUExFU0lURTAwMDAwMDAwMDAwMg09' })],
  },
  { type: 'contact.updated', messages: [gym('clientUpdated')] },
  // Without a type, a new account and a change cannot be distinguished.
  { type: 'contact.upserted', messages: [{ ...account, eventName: undefined }] },
  // One package, none, and two: JSONata gives a value, nothing, or a list for a path over them.
  {
    type: 'membership.status_changed',
    which: 'active with one package',
    messages: [gym('clientStatusChange')],
  },
  {
    type: 'membership.status_changed',
    which: 'inactive without a package',
    messages: [gym('clientStatusChange', { status: 'inactive', activePackages: [] })],
  },
  {
    type: 'membership.status_changed',
    which: 'active with two packages',
    messages: [gym('clientStatusChange', { activePackages: [UNLIMITED, OFF_PEAK] })],
  },
  { type: 'purchase.completed', messages: [gym('packagePurchased')] },
  { type: 'checkin.recorded', messages: [gym('checkIn')] },
  {
    type: 'checkin.rejected',
    messages: [gym('checkIn', { checkInStatus: 'Invalid', checkInMessage: 'No valid membership' })],
  },
  { type: 'message.sent', messages: [gym('outboundMessage')] },
]

/** A message of Hype, some hours after the first, with changed details and actor. */
function community(type: string, hours: number, details: object = {}, source?: string) {
  const body = hype.bodyOf(type, ANA, START + hours * HOUR)
  const data = { ...(body.data as object), ...details }
  return { eventName: undefined, body: { ...body, ...(source ? { source } : {}), data } }
}

const paid = community('payment.created', 0)
const ended = community('payment.deleted', 2, { tier: null })
const paidOther = community('payment.created', 2.01, { tier: 'Patron', recurring: 25, total: 35 })

const HYPE: Scenario[] = [
  { type: 'contact.created', messages: [community('contact.created', 0)] },
  { type: 'contact.updated', messages: [community('contact.updated', 0)] },
  { type: 'payment.created', messages: [paid] },
  {
    type: 'payment.refunded',
    messages: [paid, community('payment.updated', 1, { total: 4 }, 'dashboard')],
  },
  { type: 'payment.failed', messages: [paid, community('payment.updated', 1)] },
  // Without an earlier event, it is unknown whether it is a refund or a failed charge.
  { type: 'payment.updated', messages: [community('payment.updated', 1)] },
  { type: 'subscription.ended', messages: [paid, ended] },
  { type: 'subscription.plan_changed', messages: [paid, ended, paidOther] },
  // The payment of a switch, and an earlier total, arrive after the event whose conclusion they change.
  { type: 'subscription.corrected', messages: [paid, ended, paidOther] },
  { type: 'payment.corrected', messages: [community('payment.updated', 2, { total: 0 }), paid] },
]

/** The scenarios of each vendor. */
export const SCENARIOS: Readonly<Record<VendorId, readonly Scenario[]>> = {
  hapana: HAPANA,
  hype: HYPE,
}
