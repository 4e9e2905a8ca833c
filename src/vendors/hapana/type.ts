// The type of a Hapana message. Its place is not documented, so these are tried in order: `?event=` in the ingest URL, a
// key of the body, a header, the shape of the body. The one that matched is `typebasis` in the event.
import { UNRECOGNIZED } from '../../core/events/event.ts'
import { type Fields, fold, type Warning } from '../../core/events/fields.ts'
import { err, ok, type Result } from '../../core/result.ts'
import { type NormalizationError, typeIssue, type Vendor } from '../vendor.ts'

/** The documented events. `profile` is accountCreated or clientUpdated: they have the same fields. */
export type HapanaType =
  | 'outboundMessage'
  | 'accountCreated'
  | 'clientUpdated'
  | 'clientStatusChange'
  | 'packagePurchased'
  | 'checkIn'
  | 'profile'

type Resolved = {
  type: HapanaType
  vendorType: string
  typeBasis: 'url' | 'body' | 'header' | 'shape'
}

const TYPES_BY_NAME: Record<string, HapanaType> = {
  outboundmessage: 'outboundMessage',
  accountcreated: 'accountCreated',
  clientupdated: 'clientUpdated',
  clientstatuschange: 'clientStatusChange',
  packagepurchased: 'packagePurchased',
  checkin: 'checkIn',
}
/** The names of the documented events. */
export const TYPE_NAMES = Object.keys(TYPES_BY_NAME)

/** Names of events in URLs and headers: the documented ones, and those of titles in the articles. */
const TYPES_BY_TITLE: Record<string, HapanaType> = {
  ...TYPES_BY_NAME,
  packagepurchase: 'packagePurchased',
  communicationoutbound: 'outboundMessage',
  clientcheckin: 'checkIn',
}
const BODY_KEYS = [
  'eventType',
  'event',
  'type',
  'webhookType',
  'eventName',
  'webhookEvent',
  'topic',
]
const HEADERS = ['x-hapana-event', 'x-event-type', 'x-webhook-event']
const PROFILE_KEYS =
  /^(email|firstname|lastname|phone|joindate|leadsource|gender|birthdate|barcodeid|address|profileimage|customproperties|emergency.*)$/

/** Keys of other events: a message that has one is not a profile. */
const OTHER_KEYS =
  /^(status|activepackages|package.*|amount|checkin.*|session.*|fobnumber|message.*|emailto|emailfrom|subject)$/

/**
 * The type of a message, or the reason why it is unknown. Marks the body's type key as read if it is used. `envelope` is
 * the level around `fields`, if there is one.
 */
export function resolveType(
  message: Parameters<Vendor['normalize']>[0],
  envelope: Fields,
  fields: Fields,
  warnings: Warning[],
): Result<Resolved, NormalizationError> {
  const named = namedInBody(envelope) ?? namedInBody(fields)
  const byUrl = lookUpType(TYPES_BY_TITLE, message.eventName)
  if (message.eventName !== undefined && byUrl === undefined) {
    warnings.push({
      path: '?event',
      message: 'unknown event type; the type in the message is used',
    })
  }
  if (byUrl) {
    if (named?.type === byUrl) named.consume()
    else if (named)
      warnings.push({ path: named.key, message: 'differs from ?event=, which is used' })
    return ok({ type: byUrl, vendorType: byUrl, typeBasis: 'url' })
  }
  if (named?.type) {
    named.consume()
    return ok({ type: named.type, vendorType: named.text, typeBasis: 'body' })
  }
  for (const header of HEADERS) {
    const text = message.headers.get(header)?.trim()
    const type = lookUpType(TYPES_BY_TITLE, text)
    if (text && type) return ok({ type, vendorType: text, typeBasis: 'header' })
  }
  const type = named ? undefined : typeByShape(fields)
  if (type === undefined) return err(unrecognized(named?.text))
  const vendorType = type === 'profile' ? 'accountCreated|clientUpdated' : type
  return ok({ type, vendorType, typeBasis: 'shape' })
}

function unrecognized(vendorType: string | undefined): NormalizationError {
  return { type: UNRECOGNIZED, vendorType, issues: [typeIssue(vendorType)] }
}

function lookUpType(
  types: Record<string, HapanaType>,
  text: string | undefined,
): HapanaType | undefined {
  const name = fold(text ?? '')
  return Object.hasOwn(types, name) ? types[name] : undefined
}

/** The type that the body names: by the first key with a known type, else by the first with a text. */
function namedInBody(fields: Fields) {
  const named = BODY_KEYS.flatMap((name) => {
    const text = fields.peek(name)
    if (typeof text !== 'string') return []
    const consume = () => fields.read(name, () => text)
    return [{ key: fields.spelling(name), text, type: lookUpType(TYPES_BY_NAME, text), consume }]
  })
  return named.find(({ type }) => type !== undefined) ?? named[0]
}

/** The type by the keys of the body. accountCreated and clientUpdated have the same keys: `profile`. */
function typeByShape(fields: Fields): HapanaType | undefined {
  const has = fields.has
  if (has('messageId') || has('communicationType')) return 'outboundMessage'
  if (has('checkInStatus') || has('checkInTime') || has('checkInDateTime')) return 'checkIn'
  if (has('status') && has('activePackages')) return 'clientStatusChange'
  if (has('packageID') && has('amount')) return 'packagePurchased'
  const names = fields.names()
  const isProfile =
    names.some((name) => PROFILE_KEYS.test(name)) && !names.some((name) => OTHER_KEYS.test(name))
  return has('clientID') && isProfile ? 'profile' : undefined
}
