// What Hapana would send (support articles 527 to 532). No real body is public: these are by the documents, with every
// documented key. The articles name no key for the type, so the URL of each event names it.

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
const UNLIMITED = {
  packageID: 'pkg-7101',
  packageName: 'Unlimited',
  packageCategory: 'Membership',
}
const OFF_PEAK = {
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

/** The profile, which an account's creation and its change carry alike. */
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
 * Hapana. It tells of no failed payment and of no plan switch: of the first, one sees the message to the client, the
 * suspension, and that they are turned away; of the second, a purchase and other packages.
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
    const send = (
      step: StepName,
      after: number,
      type: Type,
      details: JsonObject = {},
    ): JourneyMessage => {
      const at = joined + after
      return { step, type, at, body: { ...BODIES[type](member, at), ...details } }
    }
    const status = (step: StepName, after: number, word: string, ...activePackages: object[]) =>
      send(step, after, 'clientStatusChange', { status: word, activePackages })
    return [
      send('join', 0, 'accountCreated'),
      send('join', MINUTE, 'packagePurchased', { ...INTRO, amount: '29.00' }),
      status('join', 2 * MINUTE, 'introOffer', INTRO),
      send('first_checkin', DAY, 'checkIn', visit(INTRO)),
      send('status_change', 13 * DAY, 'packagePurchased'),
      status('status_change', 13 * DAY + MINUTE, 'activePackage', UNLIMITED),
      send('failed_payment', 43 * DAY, 'outboundMessage', {
        subject: 'Your payment did not go through',
        message: '<p>Please update your card.</p>',
      }),
      status('failed_payment', 43 * DAY + MINUTE, 'suspendedMembership', UNLIMITED),
      send('failed_payment', 44 * DAY, 'checkIn', {
        checkInStatus: 'Invalid',
        checkInMessage: 'No valid membership',
      }),
      status('recovered', 46 * DAY, 'activePackage', UNLIMITED),
      send('recovered', 46 * DAY + 30 * MINUTE, 'checkIn', visit(UNLIMITED)),
      send('plan_switch', 60 * DAY, 'packagePurchased', { ...OFF_PEAK, amount: '59.00' }),
      status('plan_switch', 60 * DAY + MINUTE, 'activePackage', OFF_PEAK),
      status('cancelled', 85 * DAY, 'inactive'),
    ]
  },

  junkOf: (body) => ({ ...body, eventType: 'memberFrozen' }),
} satisfies Sender

const visit = ({ packageID, packageName }: typeof INTRO) => ({ packageID, packageName })
