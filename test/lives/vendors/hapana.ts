// Hapana: what the vendor sends of a client's true life. "Guide" is hapana.happyfox.com/kb/article/526, the numbers are those of
// the articles of the events, 527 to 532, and of 591; "developers" is docs.hapana-developers.com.
import type { Random } from '../../weather/machine/random.ts'
import type { Human, Truth } from '../truth.ts'
import type { ClientAct, Pack, Status } from '../world/client.ts'
import { dateText, moneyOf, spelled, timeText } from './hapana-forms.ts'
import type { Sent } from './hype.ts'
import type { HapanaReadings } from './readings.ts'

export type Client = {
  human: Human
  brand: number
  id: string | number
  email: string
  nextEmail?: string | undefined
}

type Context = {
  client: Client
  readings: HapanaReadings
  random: Random
  /** What changes in a life. */
  state: {
    email: string
    phone: string
    status: Status | undefined
    joinedAt: number
    packs: Pack[]
    wasTold: boolean
  }
}

/** The messages of a life, in the order of what happened. `start`: what was before it was told to nobody. */
export function hapanaMessages(
  client: Client,
  acts: readonly ClientAct[],
  { readings, random, start }: { readings: HapanaReadings; random: Random; start: number },
): Sent[] {
  const state = {
    email: client.email,
    phone: client.human.phone,
    status: undefined,
    joinedAt: 0,
    packs: [],
    wasTold: false,
  }
  const context: Context = { client, readings, random, state }
  return acts.flatMap((act) => {
    const message = said(context, act)
    if (act.what === 'status') {
      state.status = act.status as never
      if (act.at >= start) state.wasTold = true
    }
    return message ? [sent(context, act, message)] : []
  })
}

type Said = {
  type: string
  truth: Truth
  fields: Record<string, unknown>
  isState?: boolean
  identity?: string
}

/** Developers: "sends a JSON payload"; the articles' keys, or the overview's. Who and where is in all of them (527 to 532). */
function sent({ client, readings, state }: Context, act: ClientAct, message: Said): Sent {
  const who = {
    clientID: client.id,
    ...(readings.hasSite ? { siteID: siteOf(client.brand, act.site) } : {}),
    // 528 has no name.
    ...(message.type === 'outboundMessage'
      ? {}
      : { firstName: client.human.given, lastName: client.human.family }),
    email: state.email,
  }
  const account = `brand ${client.brand}`
  const fields = spelled({ ...who, ...message.fields }, message.type, readings.keys)
  const withType = readings.typeIn === 'body' ? { eventType: message.type, ...fields } : fields
  return {
    ...{ vendor: 'hapana', type: message.type, account, contact: `hapana ${account} ${client.id}` },
    ...{
      human: client.human.id,
      at: act.at,
      truth: message.truth,
      isState: message.isState ?? false,
    },
    body: readings.envelope === 'data' ? { data: withType } : withType,
    ...(message.identity === undefined ? {} : { identity: message.identity }),
    ...(act.moment === undefined ? {} : { moment: act.moment }),
  }
}

/** siteID: "where it happened, or the associated site": opaque. */
const siteOf = (brand: number, site: number): string =>
  Buffer.from(Buffer.from(`site-${brand}-${site}-00000`).toString('base64')).toString('base64')

/** What is sent of an act. */
function said(context: Context, act: ClientAct): Said | undefined {
  const { readings, state, random } = context
  const upserted = readings.typeIn === 'shape' ? ['contact.upserted'] : []
  switch (act.what) {
    // 527: "a new account is created".
    case 'open':
      state.joinedAt =
        act.isImported && readings.importedJoin === 'old' ? act.at - 900 * 86_400_000 : act.at
      return {
        type: 'accountCreated',
        truth: { what: 'new_client', types: ['contact.created'], open: upserted },
        fields: profile(context),
      }
    // 527: "or linked to a new location within your corporate structure". Overview keys have no site: then nothing tells.
    case 'link': {
      const open = readings.hasSite ? upserted : [...upserted, 'contact.updated']
      return {
        type: 'accountCreated',
        truth: { what: 'linked_site', types: ['contact.site_linked'], open },
        fields: profile(context),
      }
    }
    // 529: "whenever there's a change in a client's primary information".
    case 'update': {
      if (act.changes === 'email' && context.client.nextEmail)
        state.email = context.client.nextEmail
      else state.phone = `+1202555${String(random.below(10_000)).padStart(4, '0')}`
      const fields = readings.update === 'whole' ? profile(context) : { phone: state.phone }
      return {
        type: 'clientUpdated',
        truth: { what: 'profile', types: ['contact.updated'], open: upserted },
        fields,
        isState: true,
      }
    }
    // 530: "status: introOffer, activePackage, suspendedMembership, inactive", no old status, no time.
    case 'status':
      return statusOf(context, act.status)
    // 531: "when a client purchases a package or membership"; no id, no time, no currency.
    case 'buy': {
      if (act.isFree && readings.freePackage === 'nothing') return undefined
      const cents = act.isFree ? 0 : act.pack.cents
      state.packs = [act.pack]
      const amount = (cents / 100).toFixed(2)
      return {
        type: 'packagePurchased',
        truth: { what: 'purchase', types: ['purchase.completed'], amount },
        fields: purchase(readings, act.pack, cents),
      }
    }
    // 528: "messageId: unique ID for the message sent"; an SMS has a phone, an e-mail its addresses and subject.
    case 'mail':
      return messageOf(context, act)
    // 532: also invalid ones. 591: a second check-in inside a session, minutes apart.
    case 'visit':
      return checkIn(context, act)
  }
}

/** 527 and 529: the same list of keys. */
function profile({ client, readings, state }: Context): Record<string, unknown> {
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

function statusOf({ readings, state }: Context, status: Status): Said {
  const words = {
    introOffer: 'intro_offer',
    activePackage: 'active',
    suspendedMembership: 'suspended',
    inactive: 'inactive',
  }
  const previous = state.wasTold && state.status ? words[state.status] : undefined
  const packs = status === 'inactive' ? [] : state.packs
  const list = packs.map(({ id, name, category }) => ({
    packageID: id,
    packageName: name,
    packageCategory: category,
  }))
  // 530: "may be empty or absent when inactive".
  const isAbsent = status === 'inactive' && readings.noPackages === 'absent'
  return {
    ...{ type: 'clientStatusChange', isState: true },
    truth: {
      what: 'status',
      types: ['membership.status_changed'],
      status: words[status],
      previous,
    },
    fields: { phone: state.phone, status, ...(isAbsent ? {} : { activePackages: list }) },
  }
}

/** "amount paid", a number or text; "packageType" is "sessionpackage" or "membership", spelled in several ways. */
function purchase({ amount, packageType }: HapanaReadings, pack: Pack, cents: number) {
  return {
    ...{ packageName: pack.name, packageCategory: pack.category, packageID: pack.id },
    packageType: packageType?.[pack.type] ?? pack.type,
    amount: moneyOf(cents, amount),
  }
}

function messageOf(
  { readings, state }: Context,
  { id, channel }: Extract<ClientAct, { what: 'mail' }>,
): Said {
  const isSms = channel === 'SMS'
  const messageId = readings.messageIds === 'unique' && isSms ? `msg-${id}-s` : `msg-${id}`
  const parts = isSms
    ? { phone: state.phone }
    : { emailTo: state.email, emailFrom: 'desk@harbour-gym.example', subject: 'Your purchase' }
  return {
    ...{
      type: 'outboundMessage',
      identity: `${messageId} ${channel}`,
      truth: { what: 'message', types: ['message.sent'] },
    },
    fields: {
      messageId,
      communicationType: channel,
      message: isSms ? 'Thank you' : '<p>Thank you</p>',
      ...parts,
    },
  }
}

function checkIn(
  { readings, state }: Context,
  { at, site, visit }: Extract<ClientAct, { what: 'visit' }>,
): Said {
  const { session, result, fob } = visit
  const checkInTime = timeText(at, readings.time)
  const status = { valid: 'Valid', alerts: 'valid check-in with alerts', invalid: 'Invalid' }[
    result
  ]
  const inSession = session
    ? {
        sessionType: 'Class',
        sessionName: session.name,
        sessionID: session.id,
        sessionStartTime: checkInTime,
        SessionInstructor: 'Mia Chen',
      }
    : {
        sessionType: 'General Check-In',
        sessionName: '',
        sessionID: '',
        sessionStartTime: '',
        SessionInstructor: '',
      }
  const type = result === 'invalid' ? 'checkin.rejected' : 'checkin.recorded'
  return {
    ...{
      type: 'checkIn',
      truth: { what: result === 'invalid' ? 'turned_away' : 'visit', types: [type] },
    },
    identity: [site, checkInTime, status, fob, session?.id].join(' '),
    fields: {
      ...{ phone: state.phone, checkInTime, barcode: String(100_000), fobNumber: fob },
      ...{ packageName: state.packs[0]?.name ?? '', packageID: state.packs[0]?.id ?? '' },
      ...{
        checkInStatus: status,
        checkInMessage: result === 'valid' ? '' : 'Please see the desk',
        ...inSession,
      },
    },
  }
}
