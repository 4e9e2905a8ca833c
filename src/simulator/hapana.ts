// The simulated Hapana (support articles 527 to 532). No real body is public: these have every documented key. The articles
// do not document a key for the type, so the ingest URL of each event contains it.

import { formatInstant } from '../core/events/time.ts'
import type { JsonObject } from '../core/intake/json.ts'
import type { Member } from './member.ts'
import type { JourneyMessage, Sender } from './sender.ts'
import type { StepName } from './step.ts'

const DAY = 86_400_000
const MINUTE = 60_000

const INTRO = {
  packageID: 'pkg-7001',
  packageName: 'Two Weeks Intro',
  packageCategory: 'Intro Offer',
}
/** A monthly membership of the simulated gym. */
export const UNLIMITED = {
  packageID: 'pkg-7101',
  packageName: 'Unlimited',
  packageCategory: 'Membership',
}
/** A second one, which a member can have at the same time. */
export const OFF_PEAK = {
  packageID: 'pkg-7102',
  packageName: 'Off-Peak',
  packageCategory: 'Membership',
}

const ids = ({ clientId, siteId, email }: Member) => ({ clientID: clientId, siteID: siteId, email })
const named = (member: Member) => ({
  ...ids(member),
  firstName: member.givenName,
  lastName: member.familyName,
})

/** The profile: the body of accountCreated and of clientUpdated. */
function profile(member: Member, at: number): JsonObject {
  return {
    ...named(member),
    phone: member.phone,
    joinDate: formatInstant(at).slice(0, 10),
    leadSource: 'Walk-in',
    gender: member.gender,
    emergencyFirstName: 'Rui',
    emergencyLastName: member.familyName,
    emergencyEmail: 'rui@example.com',
    emergencyPhone: '+12025550100',
    barcodeID: member.barcode,
    address: member.address,
    birthDate: member.birthDate,
    customProperties: { shirtSize: 'M' },
    profileImage: 'https://images.example.com/profile.png',
  }
}

const BODIES = {
  accountCreated: profile,
  clientUpdated: profile,
  clientStatusChange: (member: Member) => ({
    ...named(member),
    phone: member.phone,
    status: 'activePackage',
    activePackages: [UNLIMITED],
  }),
  packagePurchased: (member: Member) => ({
    ...named(member),
    ...UNLIMITED,
    packageType: 'membership',
    amount: '99.00',
  }),
  checkIn: (member: Member, at: number) => ({
    ...named(member),
    phone: member.phone,
    checkInTime: formatInstant(at - (at % 1000)),
    barcode: member.barcode,
    fobNumber: '004711',
    packageName: UNLIMITED.packageName,
    packageID: UNLIMITED.packageID,
    checkInStatus: 'Valid',
    checkInMessage: 'Welcome back',
    sessionType: 'Class',
    sessionName: 'Morning Flow',
    sessionID: 'slot-77',
    sessionStartTime: formatInstant(at - (at % 1000) + 15 * MINUTE),
    SessionInstructor: 'Bea Costa',
    customProperties: {},
  }),
  outboundMessage: (member: Member, at: number) => ({
    ...ids(member),
    messageId: `msg-${member.barcode}-${at}`,
    communicationType: 'Email',
    message: '<p>See you at 6 pm</p>',
    emailTo: member.email,
    emailFrom: 'studio@example.com',
    subject: 'Your booking',
  }),
} satisfies Record<string, (member: Member, at: number) => JsonObject>

type Type = keyof typeof BODIES

/**
 * The simulated Hapana. It has no events for failed payments and plan switches. A failed payment is a message to the
 * client, a suspension and an invalid check-in; a plan switch is a purchase and another list of packages.
 */
export const hapana = {
  types: Object.keys(BODIES) as [Type, ...Type[]],
  isTypeInUrl: true,
  deliveryHeader: 'x-hapana-delivery',
  essential: [
    ...['clientID', 'siteID', 'status', 'activePackages', 'packageID', 'packageName'],
    ...['checkInTime', 'checkInStatus', 'sessionID', 'messageId', 'communicationType'],
  ],
  bodyOf: (type, member, at) => BODIES[type as Type](member, at),

  journeyOf(member, joined) {
    const entry = (
      step: StepName,
      after: number,
      type: Type,
      details: JsonObject = {},
    ): JourneyMessage => {
      const at = joined + after
      return { step, type, at, body: { ...BODIES[type](member, at), ...details } }
    }
    const status = (step: StepName, after: number, word: string, ...activePackages: object[]) =>
      entry(step, after, 'clientStatusChange', { status: word, activePackages })
    return [
      entry('join', 0, 'accountCreated'),
      entry('join', MINUTE, 'packagePurchased', { ...INTRO, amount: '29.00' }),
      status('join', 2 * MINUTE, 'introOffer', INTRO),
      entry('first_checkin', DAY, 'checkIn', visit(INTRO)),
      entry('status_change', 13 * DAY, 'packagePurchased'),
      status('status_change', 13 * DAY + MINUTE, 'activePackage', UNLIMITED),
      entry('failed_payment', 43 * DAY, 'outboundMessage', {
        subject: 'Your payment did not go through',
        message: '<p>Please update your card.</p>',
      }),
      status('failed_payment', 43 * DAY + MINUTE, 'suspendedMembership', UNLIMITED),
      entry('failed_payment', 44 * DAY, 'checkIn', {
        checkInStatus: 'Invalid',
        checkInMessage: 'No valid membership',
      }),
      status('recovered', 46 * DAY, 'activePackage', UNLIMITED),
      entry('recovered', 46 * DAY + 30 * MINUTE, 'checkIn', visit(UNLIMITED)),
      entry('plan_switch', 60 * DAY, 'packagePurchased', { ...OFF_PEAK, amount: '59.00' }),
      status('plan_switch', 60 * DAY + MINUTE, 'activePackage', OFF_PEAK),
      status('cancelled', 85 * DAY, 'inactive'),
    ]
  },

  junkOf: (body) => ({ ...body, eventType: 'memberFrozen' }),
} satisfies Sender

const visit = ({ packageID, packageName }: typeof INTRO) => ({ packageID, packageName })
