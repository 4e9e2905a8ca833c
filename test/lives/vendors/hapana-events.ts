// The fields of Hapana's events. The numbers are those of its articles.
import type { Truth } from '../truth.ts'
import type { ClientAct, Status } from '../world/client.ts'
import type { Context, Said } from './hapana.ts'
import { dateText, moneyOf, timeText } from './hapana-forms.ts'

/** 527 and 529: the same list of keys. */
export function profile({ client, readings, state }: Context): Record<string, unknown> {
  const { human } = client
  return {
    phone: state.phone,
    joinDate: dateText(state.joinedAt, readings.date),
    leadSource: 'Website',
    gender: '',
    ...{ emergencyFirstName: '', emergencyLastName: '', emergencyEmail: '', emergencyPhone: '' },
    barcodeID: String(100_000 + human.id),
    address: '1 Harbour St',
    birthDate: dateText(Date.UTC(1990, human.id % 12, 15), readings.date),
    customProperties: {},
    profileImage: '',
  }
}

const STATUS_WORDS = {
  introOffer: 'intro_offer',
  activePackage: 'active',
  suspendedMembership: 'suspended',
  inactive: 'inactive',
}

/** 530: "status: introOffer, activePackage, suspendedMembership, inactive", no old status, no time. */
export function statusChange({ readings, state }: Context, status: Status): Said {
  const packs = status === 'inactive' ? [] : state.packs
  const activePackages = packs.map(({ id, name, category }) => ({
    ...{ packageID: id, packageName: name, packageCategory: category },
  }))
  // 530: the packages may be empty or absent when inactive.
  const isAbsent = status === 'inactive' && readings.noPackages === 'absent'
  const truth: Truth = {
    ...{ what: 'status', types: ['membership.status_changed'], status: STATUS_WORDS[status] },
  }
  const fields = { phone: state.phone, status, ...(isAbsent ? {} : { activePackages }) }
  return { type: 'clientStatusChange', isState: true, truth, fields }
}

/** 531: "when a client purchases a package or membership"; no id, no time, no currency. A free one may be none. */
export function purchase(
  { readings, state }: Context,
  { pack, isFree }: Extract<ClientAct, { what: 'buy' }>,
): Said | undefined {
  if (isFree && readings.freePackage === 'nothing') return undefined
  const cents = isFree ? 0 : pack.cents
  state.packs = [pack]
  const amount = (cents / 100).toFixed(2)
  return {
    ...{ type: 'packagePurchased' },
    truth: { what: 'purchase', types: ['purchase.completed'], amount },
    fields: {
      ...{ packageName: pack.name, packageCategory: pack.category, packageID: pack.id },
      packageType: readings.packageType?.[pack.type] ?? pack.type,
      // "amount paid", a number or text.
      amount: moneyOf(cents, readings.amount),
    },
  }
}

/** 528: "messageId: unique ID for the message sent"; an SMS has a phone, an e-mail its addresses and subject. */
export function message(
  { readings, state }: Context,
  { id, channel }: Extract<ClientAct, { what: 'mail' }>,
): Said {
  const isSms = channel === 'SMS'
  const messageId = readings.messageIds === 'unique' && isSms ? `msg-${id}-s` : `msg-${id}`
  const parts = isSms
    ? { phone: state.phone, message: 'Thank you' }
    : { emailTo: state.email, emailFrom: 'desk@harbour-gym.example', subject: 'Your purchase' }
  return {
    ...{ type: 'outboundMessage', identity: `${messageId} ${channel}` },
    truth: { what: 'message', types: ['message.sent'] },
    fields: { messageId, communicationType: channel, message: '<p>Thank you</p>', ...parts },
  }
}

/** How far off a clock is that is wrong: most of a year ahead. */
const WRONG_MS = 300 * 86_400_000

const RESULT_WORDS = { valid: 'Valid', alerts: 'valid check-in with alerts', invalid: 'Invalid' }

/** 532: valid ones and invalid ones. 591: a second check-in inside a session, minutes apart. */
export function checkIn(
  { readings, state, random }: Context,
  { at, site, visit }: Extract<ClientAct, { what: 'visit' }>,
): Said {
  const { session, result, fob } = visit
  const isClockWrong = random.chance(readings.wrongClockShare ?? 0)
  const stamp = at + (readings.clockOffsetMs ?? 0) + (isClockWrong ? WRONG_MS : 0)
  const checkInTime = timeText(stamp, readings.time)
  const status = RESULT_WORDS[result]
  const isInvalid = result === 'invalid'
  const [pack] = state.packs
  // Hcode2: "sessionID names a recurring slot, not one occurrence". Empty for a general visit.
  const inSession = {
    sessionType: session ? 'Class' : 'General Check-In',
    ...{ sessionName: session?.name ?? '', sessionID: session?.id ?? '' },
    sessionStartTime: session ? checkInTime : '',
    SessionInstructor: session ? 'Mia Chen' : '',
  }
  return {
    ...{
      type: 'checkIn',
      isClockWrong,
      identity: [site, checkInTime, status, fob, session?.id].join(' '),
    },
    truth: {
      what: isInvalid ? 'turned_away' : 'visit',
      types: [isInvalid ? 'checkin.rejected' : 'checkin.recorded'],
    },
    fields: {
      ...{ phone: state.phone, checkInTime, barcode: '100000', fobNumber: fob },
      ...{ packageName: pack?.name ?? '', packageID: pack?.id ?? '' },
      ...{ checkInStatus: status, checkInMessage: result === 'valid' ? '' : 'Please see the desk' },
      ...inSession,
    },
  }
}
