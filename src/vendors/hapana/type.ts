// Which of Hapana's events a message is. No document says where the type stands, so it is looked for in order:
// the URL that we gave out, a key of the body, a header, the shape. The rule that hit is part of the event.
import { type Fields, fold, type Warning } from '../../core/events/fields.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { NormalizationError, VendorMessage } from '../vendor.ts'

/** The events by their documented names; `profile` is one of two that have the same fields. */
export type HapanaType =
  | 'outboundMessage'
  | 'accountCreated'
  | 'clientUpdated'
  | 'clientStatusChange'
  | 'packagePurchased'
  | 'checkIn'
  | 'profile'

type Resolved = {
  kind: HapanaType
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
/** Names that the articles use for URLs and titles. */
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

/** Keys of the other events: a message that has one is about something else, even if it does not say what. */
const OTHER_KEYS =
  /^(status|activepackages|package.*|amount|checkin.*|session.*|fobnumber|message.*|emailto|emailfrom|subject)$/

/** Finds the type, or refuses with what the body called itself. Reads the body's type key when that is used. */
export function resolveType(
  message: VendorMessage,
  envelope: Fields,
  fields: Fields,
  warnings: Warning[],
): Result<Resolved, NormalizationError> {
  const named = namedInBody(envelope) ?? namedInBody(fields)
  const byUrl = lookUpType(TYPES_BY_TITLE, message.eventName)
  if (message.eventName !== undefined && byUrl === undefined) {
    warnings.push({ path: '?event', message: 'names no event of Hapana; the body decides' })
  }
  if (byUrl) {
    if (named?.kind === byUrl) named.consume()
    else if (named)
      warnings.push({ path: named.key, message: `disagrees with ?event=, which decides` })
    return ok({ kind: byUrl, vendorType: byUrl, typeBasis: 'url' })
  }
  if (named?.kind) {
    named.consume()
    return ok({ kind: named.kind, vendorType: named.text, typeBasis: 'body' })
  }
  for (const header of HEADERS) {
    const text = message.headers.get(header)?.trim()
    const kind = lookUpType(TYPES_BY_TITLE, text)
    if (text && kind) return ok({ kind, vendorType: text, typeBasis: 'header' })
  }
  if (named) return err(unrecognized(named.text, 'names an event that is not known'))
  const kind = typeByShape(fields)
  if (kind === undefined) return err(unrecognized(undefined, 'is named nowhere'))
  const vendorType = kind === 'profile' ? 'accountCreated|clientUpdated' : kind
  return ok({ kind, vendorType, typeBasis: 'shape' })
}

function unrecognized(vendorType: string | undefined, message: string): NormalizationError {
  return { type: 'vendor.unrecognized', vendorType, issues: [{ path: 'type', message }] }
}

function lookUpType(
  kinds: Record<string, HapanaType>,
  text: string | undefined,
): HapanaType | undefined {
  const name = fold(text ?? '')
  return Object.hasOwn(kinds, name) ? kinds[name] : undefined
}

/** The body's own word for its type: the first key that names a known one, else the first that names any. */
function namedInBody(fields: Fields) {
  const named = BODY_KEYS.flatMap((name) => {
    const text = fields.peek(name)
    if (typeof text !== 'string') return []
    const consume = () => fields.read(name, () => text)
    return [{ key: fields.spelling(name), text, kind: lookUpType(TYPES_BY_NAME, text), consume }]
  })
  return named.find(({ kind }) => kind !== undefined) ?? named[0]
}

/** accountCreated and clientUpdated have the same fields: their shape says only that a profile was saved. */
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
