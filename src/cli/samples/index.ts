// Made-up messages, by the vendors' documents: for each type of event that a vendor's messages become, what is sent
// until it is there. Nobody in them exists.
import type { EventType } from '../../core/vocabulary.ts'
import type { VendorId } from '../../vendors/index.ts'

/** The messages after which an event of a type is there, in their order. */
export type Story = { type: EventType; messages: object[] }

const client = {
  clientID: 'U0FNUExFQ0xJRU5UMDAwMDAwMDAwMQ09',
  siteID: 'U0FNUExFU0lURTAwMDAwMDAwMDAwMQ09',
  firstName: 'Ana',
  lastName: 'Silva',
  email: 'ana.silva@example.com',
  phone: '+61400000001',
}
const profile = {
  ...client,
  joinDate: '2026-11-02',
  leadSource: 'Walk-in',
  gender: 'Female',
  birthDate: '1990-04-12',
  address: '1 Example Street, Sydney',
  barcodeID: '0012345',
  emergencyFirstName: 'Rui',
  emergencyLastName: 'Silva',
  emergencyPhone: '+61400000002',
}
const account = { eventType: 'accountCreated', ...profile }
const checkIn = {
  eventType: 'checkIn',
  ...client,
  checkInTime: '2026-11-20T22:15:00Z',
  barcode: '0012345',
  packageName: 'Unlimited',
  packageID: 'pkg-7101',
  checkInStatus: 'Valid',
  checkInMessage: 'Welcome back',
  sessionType: 'Class',
  sessionName: 'Morning Flow',
  sessionID: 'slot-77',
  sessionStartTime: '2026-11-20T22:30:00Z',
  SessionInstructor: 'Bea Costa',
}

const HAPANA: Story[] = [
  { type: 'contact.created', messages: [account] },
  {
    type: 'contact.site_linked',
    messages: [account, { ...account, siteID: 'U0FNUExFU0lURTAwMDAwMDAwMDAwMg09' }],
  },
  { type: 'contact.updated', messages: [{ eventType: 'clientUpdated', ...profile }] },
  // Without a type: a new account and a change look the same.
  { type: 'contact.upserted', messages: [profile] },
  {
    type: 'membership.status_changed',
    messages: [
      {
        eventType: 'clientStatusChange',
        ...client,
        status: 'activePackage',
        activePackages: [
          { packageID: 'pkg-7101', packageName: 'Unlimited', packageCategory: 'Membership' },
        ],
      },
    ],
  },
  {
    type: 'purchase.completed',
    messages: [
      {
        eventType: 'packagePurchased',
        ...client,
        packageID: 'pkg-7101',
        packageName: 'Unlimited',
        packageType: 'membership',
        packageCategory: 'Membership',
        amount: '99.00',
      },
    ],
  },
  { type: 'checkin.recorded', messages: [checkIn] },
  {
    type: 'checkin.rejected',
    messages: [
      {
        ...checkIn,
        checkInStatus: 'Invalid',
        checkInMessage: 'No valid membership',
        packageID: '',
      },
    ],
  },
  {
    type: 'message.sent',
    messages: [
      {
        eventType: 'outboundMessage',
        ...client,
        messageId: 'msg-501',
        communicationType: 'Email',
        subject: 'Your booking',
        message: '<p>See you at 6 pm</p>',
        emailTo: 'ana.silva@example.com',
        emailFrom: 'studio@example.com',
      },
    ],
  },
]

const HOUR = 3600
const START = 1_795_212_900

/** A message of Hype's, so many seconds after the first. */
function hype(type: string, after: number, details: object, source = 'user'): object {
  return {
    id: '0a1b2c3d-1111-4222-8333-444455556666',
    publisher_id: '9f8e7d6c-aaaa-4bbb-8ccc-ddddeeeeffff',
    email: 'ana.silva@example.com',
    name: 'Ana Silva',
    type,
    source,
    data: details,
    version: '1.1.0',
    timestamp: START + after,
  }
}

const plan = {
  membership: 'Individual Subscriber',
  tier: 'Supporter',
  billing_interval: 'Monthly',
  billing_end: START + 720 * HOUR,
  recurring: 10,
  total: 10,
  first_payment: START,
  final_payment: null,
  trial_end: null,
  whitelisted: false,
}
const other = { ...plan, tier: 'Patron', recurring: 25, total: 35 }
const paid = hype('payment.created', 0, plan)
const ended = hype('payment.deleted', 2 * HOUR, { ...plan, tier: null }, 'dashboard')
const paidOther = hype('payment.created', 2 * HOUR + 60, other)
const lowered = hype('payment.updated', 2 * HOUR, { ...plan, total: 0 }, 'system')

const HYPE: Story[] = [
  {
    type: 'contact.created',
    messages: [
      hype('contact.created', 0, { acquisition: { source: 'newsletter', device: 'mobile' } }),
    ],
  },
  { type: 'contact.updated', messages: [hype('contact.updated', 0, plan)] },
  { type: 'payment.created', messages: [paid] },
  {
    type: 'payment.refunded',
    messages: [paid, hype('payment.updated', HOUR, { ...plan, total: 4 }, 'dashboard')],
  },
  { type: 'payment.failed', messages: [paid, hype('payment.updated', HOUR, plan, 'system')] },
  // Without anything earlier, nobody can tell which of the two it is.
  { type: 'payment.updated', messages: [hype('payment.updated', HOUR, plan)] },
  { type: 'subscription.ended', messages: [paid, ended] },
  { type: 'subscription.plan_changed', messages: [paid, ended, paidOther] },
  // The other half of a switch, and an earlier total, come after their event was told.
  { type: 'subscription.corrected', messages: [paid, ended, paidOther] },
  { type: 'payment.corrected', messages: [lowered, paid] },
]

/** The stories of each vendor. */
export const STORIES: Readonly<Record<VendorId, readonly Story[]>> = { hapana: HAPANA, hype: HYPE }
