// What each of Hapana's events means, field by field (articles 527 to 532; vocabulary in core/events/event.ts).
import { asAmount } from '../../core/events/amount.ts'
import { sourcePath } from '../../core/events/event.ts'
import {
  asId,
  asText,
  type Fields,
  fold,
  omitUndefined,
  type Reader,
  readFields,
  type Warning,
} from '../../core/events/fields.ts'
import { type SourceSettings, settingsForSite } from '../../core/events/source.ts'
import type { EventType } from '../../core/events/vocabulary.ts'
import { type Identity, identifiedBy, sameContent } from '../../core/intake/dedupe.ts'
import { canonical, isObject, type JsonObject } from '../../core/intake/json.ts'
import { err, ok } from '../../core/result.ts'
import type { NormalizationError } from '../vendor.ts'
import { CHECK_IN_TIME, checkedIn } from './checkin.ts'
import { readContact } from './contact.ts'
import { type Key, type MappedEvent, type MappingInput, readWord } from './mapping.ts'
import type { HapanaType } from './type.ts'

export type MessageInput = {
  fields: Fields
  envelope: Fields
  warnings: Warning[]
  settings: SourceSettings
  body: JsonObject
  /** What tells this request from another of the same body. */
  stamp: string | undefined
}

const TYPES: Record<HapanaType, EventType> = {
  outboundMessage: 'message.sent',
  accountCreated: 'contact.created',
  clientUpdated: 'contact.updated',
  profile: 'contact.upserted',
  clientStatusChange: 'membership.status_changed',
  packagePurchased: 'purchase.completed',
  checkIn: 'checkin.recorded',
}

/** The least that an event must say to be worth sending on: one of these. */
const NEEDED: Partial<Record<HapanaType, readonly Key[]>> = {
  outboundMessage: ['messageId', 'message'],
  clientStatusChange: ['status'],
  packagePurchased: ['packageID', 'packageName'],
  checkIn: [CHECK_IN_TIME, 'sessionID', 'checkInStatus'],
}

/** Maps a message of a known kind, or refuses with the keys that are missing. */
export function normalizeEvent(kind: HapanaType, context: MessageInput) {
  const { fields, envelope, warnings, settings, body, stamp } = context
  const issues = missing(kind, fields)
  const siteId = fields.read('siteID', asId) ?? envelope.read('siteID', asId)
  if (siteId === undefined && fields.peek('siteID') === undefined) {
    warnings.push({ path: 'siteID', message: 'is missing; the site is unknown' })
  }
  const clientId = fields.read('clientID', asId)
  if (clientId === undefined || issues.length > 0) {
    return err<NormalizationError>({ type: TYPES[kind], vendorType: undefined, issues })
  }
  const site = settingsForSite(settings, siteId)
  const contact = { vendor_id: clientId, ...readContact(kind, fields, warnings, site) }
  // It never makes two different bodies one.
  const content = () => ({ ...sameContent(kind, canonical(body)), stamp })
  const mapped = MAPPINGS[kind]({ fields, warnings, site, siteId, clientId, contact, content })
  const data = omitUndefined({
    contact,
    site: siteId === undefined ? undefined : { vendor_id: siteId },
    ...mapped.data,
  })
  const origin = siteId === undefined ? sourcePath('hapana') : sourcePath('hapana', 'sites', siteId)
  return ok({ ...mapped, data, origin, contactId: clientId })
}

function missing(kind: HapanaType, fields: Fields): Warning[] {
  const issues: Warning[] = []
  const clientId = fields.peek('clientID')
  if (clientId === undefined || asId(clientId) === undefined) {
    issues.push({
      path: 'clientID',
      message: 'is missing or no id: nobody can tell whose event this is',
    })
  }
  const needed = NEEDED[kind]
  if (needed?.every((name) => asText(fields.peek(name)) === undefined)) {
    const path = [needed[0] ?? ''].flat()[0] ?? ''
    issues.push({ path, message: 'is missing, and so is all else that would say what happened' })
  }
  return issues
}

const MAPPINGS: Record<HapanaType, (reading: MappingInput) => MappedEvent> = {
  // Also sent when a known client is linked to another site; only the log can tell the two apart.
  accountCreated: ({ content }) => ({
    type: 'contact.created',
    data: { inference: { basis: ['history_not_read'], confidence: 'likely', evidence: [] } },
    identity: content(),
    occurred: undefined,
  }),
  clientUpdated: ({ content }) => profileSaved('contact.updated', content()),
  profile: ({ content }) => profileSaved('contact.upserted', content()),
  clientStatusChange: statusChanged,
  packagePurchased: purchased,
  checkIn: checkedIn,
  outboundMessage: messageSent,
}

function profileSaved(type: EventType, identity: Identity): MappedEvent {
  return { type, data: {}, identity, occurred: undefined }
}

const STATUSES: Record<string, string> = {
  introoffer: 'intro_offer',
  activepackage: 'active',
  suspendedmembership: 'suspended',
  inactive: 'inactive',
}

function statusChanged({ fields, warnings, content }: MappingInput): MappedEvent {
  const path = fields.spelling('status')
  const raw = fields.read('status', asText) ?? ''
  const status = lookUp(STATUSES, raw)
  if (status === undefined) warnings.push({ path, message: 'is a status that is not known' })
  const packages = fields.read('activePackages', (value) =>
    Array.isArray(value) && value.every(isObject)
      ? value.map((entry) => readPackage(entry, warnings))
      : undefined,
  )
  const membership = omitUndefined({ status: status ?? 'unknown', status_raw: raw, packages })
  return {
    type: 'membership.status_changed',
    data: { membership },
    identity: content(),
    occurred: undefined,
  }
}

function readPackage(entry: JsonObject, warnings: Warning[]) {
  const fields = readFields(entry, warnings)
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

function purchased({ fields, warnings, site, content }: MappingInput): MappedEvent {
  const path = fields.spelling('packageType')
  const typeRaw = fields.read('packageType', asText)
  const type = typeRaw === undefined ? undefined : lookUp(PACKAGE_TYPES, typeRaw)
  if (typeRaw !== undefined && type === undefined) {
    warnings.push({ path, message: 'is a package type that is not known' })
  }
  const purchase = {
    package: omitUndefined({
      vendor_id: fields.read('packageID', asId),
      name: fields.read('packageName', asText),
      type: typeRaw === undefined ? undefined : (type ?? 'unknown'),
      type_raw: typeRaw,
      category: fields.read('packageCategory', asText),
    }),
    amount: fields.read('amount', asAmount(site.currency)) ?? null,
  }
  return {
    type: 'purchase.completed',
    data: { purchase },
    identity: content(),
    occurred: undefined,
  }
}

const asChannel: Reader<'sms' | 'email'> = (value) => {
  const word = fold(asText(value) ?? '')
  return word === 'sms' || word === 'email' ? word : undefined
}

/** Which messages of Hapana's trigger this is not documented: it says that one was sent, never why. */
function messageSent(reading: MappingInput): MappedEvent {
  const { fields, clientId, contact, content } = reading
  const channel = readWord('communicationType', asChannel, reading)
  const messageId = fields.read('messageId', asId)
  const emailTo = fields.read('emailTo', asText)
  const to = { sms: contact.phone, email: emailTo, unknown: emailTo ?? contact.phone }[channel]
  const message = omitUndefined({
    vendor_id: messageId,
    channel,
    to,
    from: fields.read('emailFrom', asText),
    subject: fields.read('subject', asText),
    body: fields.read('message', (value) => (typeof value === 'string' ? value : undefined)),
    body_format: channel === 'unknown' ? undefined : channel === 'sms' ? 'text' : 'html',
  })
  return {
    type: 'message.sent',
    data: { message },
    identity:
      messageId === undefined ? content() : identifiedBy('outboundMessage', messageId, clientId),
    occurred: undefined,
  }
}

function lookUp(table: Record<string, string>, text: string): string | undefined {
  const name = fold(text)
  return Object.hasOwn(table, name) ? table[name] : undefined
}
