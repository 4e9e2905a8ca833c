// The mapping of Hapana's events, field by field (support articles 527 to 532).
import { asAmount, signOf } from '../../core/events/amount.ts'
import { asContactId } from '../../core/events/contact-key.ts'
import { sourcePath } from '../../core/events/event.ts'
import {
  asId,
  asText,
  type Fields,
  fold,
  type KeyName,
  omitUndefined,
  reader,
  readFields,
  type Warning,
} from '../../core/events/fields.ts'
import { type SourceSettings, settingsForSite } from '../../core/events/source.ts'
import type { EventType } from '../../core/events/vocabulary.ts'
import { type Identity, identifiedBy, type Nature, sameContent } from '../../core/intake/dedupe.ts'
import { canonical, isObject, type JsonObject } from '../../core/intake/json.ts'
import { err, ok } from '../../core/result.ts'
import type { NormalizationError } from '../vendor.ts'
import { asCheckinStatus, CHECK_IN_TIME, mapCheckin } from './checkin.ts'
import { readContact } from './contact.ts'
import { type MappedEvent, type MappingInput, readWord } from './mapping.ts'
import type { HapanaType } from './type.ts'

/** A message of known type. `fields`: its content; `envelope`: the level around it, if there is one. */
type MessageInput = {
  fields: Fields
  envelope: Fields
  warnings: Warning[]
  settings: SourceSettings
  body: JsonObject
  /** Distinguishes this request from another with the same body; undefined if nothing does. */
  stamp: string | undefined
}

const EVENT_TYPES: Record<HapanaType, EventType> = {
  outboundMessage: 'message.sent',
  accountCreated: 'contact.created',
  clientUpdated: 'contact.updated',
  profile: 'contact.upserted',
  clientStatusChange: 'membership.status_changed',
  packagePurchased: 'purchase.completed',
  checkIn: 'checkin.recorded',
}

/** Keys of which a message must have at least one: without any, the event would be empty. */
const NEEDED: Partial<Record<HapanaType, readonly KeyName[]>> = {
  outboundMessage: ['messageId', 'message'],
  clientStatusChange: ['status'],
  packagePurchased: ['packageID', 'packageName'],
  checkIn: [CHECK_IN_TIME, 'sessionID', 'checkInStatus'],
}

/** Maps a message of known type, or returns the keys that are missing. */
export function normalizeEvent(type: HapanaType, input: MessageInput) {
  const { fields, envelope, warnings, settings, body, stamp } = input
  const issues = missing(type, fields)
  const siteId = fields.read('siteID', asId) ?? envelope.read('siteID', asId)
  if (siteId === undefined && fields.peek('siteID') === undefined) {
    warnings.push({ path: 'siteID', message: 'is missing; the site is unknown' })
  }
  const clientId = fields.read('clientID', asContactId)
  if (clientId === undefined || issues.length > 0) {
    return err<NormalizationError>({ type: EVENT_TYPES[type], vendorType: undefined, issues })
  }
  const site = settingsForSite(settings, siteId)
  const contact = { vendor_id: clientId, ...readContact(type, fields, warnings, site) }
  // From the whole body, so that no two different messages have the same identity.
  const content = (nature: Nature) => ({ ...sameContent(nature, type, canonical(body)), stamp })
  const mapped = MAPPINGS[type]({ fields, warnings, site, siteId, clientId, contact, content })
  const data = omitUndefined({
    contact,
    site: siteId === undefined ? undefined : { vendor_id: siteId },
    ...mapped.data,
  })
  const origin = siteId === undefined ? sourcePath('hapana') : sourcePath('hapana', 'sites', siteId)
  return ok({ ...mapped, data, origin, contactId: clientId })
}

function missing(type: HapanaType, fields: Fields): Warning[] {
  const issues: Warning[] = []
  const clientId = fields.peek('clientID')
  if (clientId === undefined || asContactId(clientId) === undefined) {
    issues.push({
      path: 'clientID',
      message: 'is missing or not an id; the contact of the event is unknown',
    })
  }
  const needed = NEEDED[type]
  if (needed?.every((name) => asText(fields.peek(name)) === undefined)) {
    const [path = '', ...others] = needed.flat()
    const alternatives = others.length === 0 ? '' : `, and so are ${others.join(', ')}`
    issues.push({ path, message: `is missing${alternatives}` })
  }
  const status = type === 'checkIn' ? fields.peek('checkInStatus') : undefined
  if (status !== undefined && asCheckinStatus(status) === undefined) {
    const message =
      'is not a known status; whether the client came in or was turned away is unknown'
    issues.push({ path: fields.spelling('checkInStatus'), message })
  }
  return issues
}

const MAPPINGS: Record<HapanaType, (input: MappingInput) => MappedEvent> = {
  // Also sent when a known client is linked to another site; only the client's history distinguishes the two.
  accountCreated: ({ content, siteId }) => ({
    type: 'contact.created',
    data: { inference: { basis: ['history_not_read'], confidence: 'likely', evidence: [] } },
    // Once at each site. Without one, it may be about another site.
    identity: content(siteId === undefined ? 'act' : 'once'),
    occurred: undefined,
  }),
  clientUpdated: ({ content }) => mapProfile('contact.updated', content('state')),
  profile: ({ content, siteId }) =>
    mapProfile('contact.upserted', content(siteId === undefined ? 'act' : 'state')),
  clientStatusChange: mapStatusChange,
  packagePurchased: mapPurchase,
  checkIn: mapCheckin,
  outboundMessage: mapMessage,
}

function mapProfile(type: EventType, identity: Identity): MappedEvent {
  return { type, data: {}, identity, occurred: undefined }
}

const STATUSES: Record<string, string> = {
  introoffer: 'intro_offer',
  activepackage: 'active',
  suspendedmembership: 'suspended',
  inactive: 'inactive',
}

function mapStatusChange({ fields, warnings, content }: MappingInput): MappedEvent {
  const path = fields.spelling('status')
  const raw = fields.read('status', asText) ?? ''
  const status = lookUp(STATUSES, raw)
  if (status === undefined)
    warnings.push({ path, message: 'unknown value; see membership.status_raw' })
  const packages = fields.read(
    'activePackages',
    reader('a list of objects', (value) =>
      Array.isArray(value) && value.every(isObject)
        ? value.map((entry) => readPackage(entry, warnings))
        : undefined,
    ),
  )
  const membership = omitUndefined({ status: status ?? 'unknown', status_raw: raw, packages })
  return {
    type: 'membership.status_changed',
    data: { membership },
    identity: content('state'),
    occurred: undefined,
  }
}

function readPackage(entry: JsonObject, warnings: Warning[]) {
  const fields = readFields(entry, warnings, 'the extra of its package')
  const known = {
    vendor_id: fields.read('packageID', asId),
    name: fields.read('packageName', asText),
    category: fields.read('packageCategory', asText),
  }
  const rest = fields.rest()
  return omitUndefined({ ...known, extra: Object.keys(rest).length > 0 ? rest : undefined })
}

const PACKAGE_TYPES: Record<string, string> = {
  membership: 'membership',
  sessionpackage: 'session_package',
}

function mapPurchase({ fields, warnings, site, content }: MappingInput): MappedEvent {
  const path = fields.spelling('packageType')
  const typeRaw = fields.read('packageType', asText)
  const type = typeRaw === undefined ? undefined : lookUp(PACKAGE_TYPES, typeRaw)
  if (typeRaw !== undefined && type === undefined) {
    warnings.push({ path, message: 'unknown value; see purchase.package.type_raw' })
  }
  const amount = fields.read('amount', asAmount(site.currency)) ?? null
  // Hapana has no message for a refund. The sum of the amounts is right, whatever this one means.
  if (amount !== null && signOf(amount) < 0) {
    const message = 'is negative: it may be a refund, which the vendor has no message for'
    warnings.push({ path: fields.spelling('amount'), message })
  }
  const purchase = {
    package: omitUndefined({
      vendor_id: fields.read('packageID', asId),
      name: fields.read('packageName', asText),
      type: typeRaw === undefined ? undefined : (type ?? 'unknown'),
      type_raw: typeRaw,
      category: fields.read('packageCategory', asText),
    }),
    amount,
  }
  return {
    type: 'purchase.completed',
    data: { purchase },
    identity: content('act'),
    occurred: undefined,
  }
}

/** Reads the body of a message unchanged: spaces at its ends may belong to it. */
const asBody = reader<string>('text', (value) => (typeof value === 'string' ? value : undefined))

const asChannel = reader<'sms' | 'email'>('sms or email', (value) => {
  const word = fold(asText(value) ?? '')
  return word === 'sms' || word === 'email' ? word : undefined
})

/**
 * Maps an outbound message. Which of Hapana's messages trigger the webhook is not documented, nor does it contain a
 * reason.
 */
function mapMessage(input: MappingInput): MappedEvent {
  const { fields, clientId, contact, content } = input
  const channel = readWord('communicationType', asChannel, input)
  const word = fold(asText(fields.peek('communicationType')) ?? '')
  const messageId = fields.read('messageId', asId)
  const emailTo = fields.read('emailTo', asText)
  const to = { sms: contact.phone, email: emailTo, unknown: emailTo ?? contact.phone }[channel]
  const message = omitUndefined({
    vendor_id: messageId,
    channel,
    to,
    from: fields.read('emailFrom', asText),
    subject: fields.read('subject', asText),
    body: fields.read('message', asBody),
    body_format: channel === 'unknown' ? undefined : channel === 'sms' ? 'text' : 'html',
  })
  return {
    type: 'message.sent',
    data: { message },
    // The same id is used for an e-mail and an SMS.
    identity:
      messageId === undefined
        ? content('act')
        : identifiedBy('outboundMessage', messageId, clientId, word),
    occurred: undefined,
  }
}

function lookUp(table: Record<string, string>, text: string): string | undefined {
  const name = fold(text)
  return Object.hasOwn(table, name) ? table[name] : undefined
}
