// Hype (formerly Pico): memberships of creator communities. One documented body for five event types (help centre
// article "Receive Contact Event Notifications with Webhooks"). Its `id` is most likely that of the contact, not of the
// event.
import { type Amount, asAmount, signOf } from '../../core/events/amount.ts'
import { asContactId, normalizeEmail } from '../../core/events/contact-key.ts'
import { type EventDraft, sourcePath, UNRECOGNIZED } from '../../core/events/event.ts'
import {
  asAttribute,
  asBoolean,
  asId,
  asText,
  type Fields,
  fold,
  namingEmpty,
  nonEmpty,
  omitUndefined,
  reader,
  readFields,
  type Warning,
} from '../../core/events/fields.ts'
import { asInstant } from '../../core/events/time.ts'
import type { Contact, Subscription } from '../../core/events/vocabulary.ts'
import { type Nature, sameContent } from '../../core/intake/dedupe.ts'
import { canonical, isObject } from '../../core/intake/json.ts'
import { err, ok } from '../../core/result.ts'
import { withExtra } from '../extra.ts'
import { type NormalizationError, typeIssue, type Vendor } from '../vendor.ts'
import { inferAlone } from './inference.ts'
import { interpret, needsPeers, relatedKinds, remembered } from './interpret.ts'

const TYPES = [
  'contact.created',
  'contact.updated',
  'payment.created',
  'payment.updated',
  'payment.deleted',
] as const
type HypeType = (typeof TYPES)[number]
type Actor = 'user' | 'dashboard' | 'system' | 'unknown'

export const hype = {
  id: 'hype',
  mappingVersion: 3,
  relatedKinds: ({ vendortype }) => relatedKinds(vendortype),
  remembered,
  needsPeers,
  interpret,

  normalize({ body }, settings) {
    const warnings: Warning[] = []
    const envelope = readFields(body, warnings)
    const vendorType = envelope.read('type', asText)
    const type = TYPES.find((known) => known === vendorType)
    const issues = missing(envelope, vendorType, type !== undefined)
    if (type === undefined || issues.length > 0)
      return err(normalizationError(type, vendorType, issues))

    const account = envelope.read('publisher_id', asId) ?? ''
    const details = envelope.read('data', (value) => (isObject(value) ? value : undefined)) ?? {}
    const fields = readFields(details, warnings)
    const contact = readContact(envelope)
    const actor = readActor(envelope, warnings)
    const subscription = readSubscription(fields, settings.currency)
    const conclusion = inferAlone(type, actor, subscription)
    const data = omitUndefined({
      contact,
      account: { vendor_id: account },
      subscription,
      acquisition: fields.read(
        'acquisition',
        reader('an object', (value) => readAcquisition(value, warnings)),
      ),
      actor,
      ...conclusion.data,
    })
    const timestamp = envelope.peek('timestamp')
    const occurred = readTimestamp(envelope, warnings)
    const vendorVersion = readVersion(envelope, warnings)
    const event = {
      type: conclusion.type,
      origin: sourcePath('hype', 'publishers', account),
      contactId: contact.vendor_id,
      occurred,
      vendorType: type,
      vendorVersion,
      typeBasis: 'body',
      isTest: isSample(contact),
      data: withExtra(data, fields, envelope),
    } as EventDraft
    const { [envelope.spelling('timestamp')]: _timestamp, ...content } = body
    // The body without the timestamp identifies what happened; the timestamp distinguishes two equal events.
    const identity = {
      ...sameContent(natureOf(type, subscription), canonical(content)),
      stamp: timestamp === undefined ? undefined : canonical(timestamp),
    }
    return ok({ event, identity, warnings })
  },
} satisfies Vendor

/**
 * The total paid rises with each payment, and so tells two of them apart. Without one, of failed charges, and of trials, for
 * which nothing is paid, nothing does.
 */
function natureOf(type: HypeType, subscription: Subscription | undefined): Nature {
  if (type === 'contact.created') return 'once'
  if (type === 'contact.updated') return 'state'
  const total = subscription?.total_paid_amount
  if (subscription?.trial_end_at != null) return 'act'
  return type !== 'payment.updated' && total && signOf(total) > 0 ? 'state' : 'act'
}

/** The problems that keep a message from becoming an event; those of a message of unknown type begin with that. */
function missing(envelope: Fields, vendorType: string | undefined, isKnown: boolean): Warning[] {
  const lacks = (name: string) => asId(envelope.peek(name)) === undefined
  const data = envelope.peek('data')
  return [
    ...(isKnown ? [] : [typeIssue(vendorType)]),
    ...(lacks('publisher_id')
      ? [{ path: 'publisher_id', message: 'is missing or not an id; the account is unknown' }]
      : []),
    ...(asContactId(envelope.peek('id')) === undefined && lacks('email')
      ? [
          {
            path: 'id',
            message: 'is missing, and so is email; the contact of the event is unknown',
          },
        ]
      : []),
    ...(data !== undefined && !isObject(data)
      ? [{ path: 'data', message: 'is not an object' }]
      : []),
  ]
}

function normalizationError(
  type: HypeType | undefined,
  vendorType: string | undefined,
  issues: Warning[],
): NormalizationError {
  if (type === undefined) return { type: UNRECOGNIZED, vendorType, issues: issues.slice(0, 1) }
  return { type: inferAlone(type, 'unknown').type, vendorType, issues }
}

function readContact(envelope: Fields): Contact {
  const email = envelope.readNullable('email', asText)
  return namingEmpty({
    vendor_id: envelope.read('id', asContactId),
    email,
    email_normalized: normalizeEmail(email),
    full_name: envelope.readNullable('name', asText),
  })
}

/** Who caused the event. Bodies of 2020 do not have the key; its values occur with and without a capital. */
function readActor(envelope: Fields, warnings: Warning[]): Actor {
  const value = envelope.peek('source')
  const actor = (['user', 'dashboard', 'system'] as const).find(
    (known) => typeof value === 'string' && value.trim().toLowerCase() === known,
  )
  if (actor !== undefined) envelope.read('source', asText)
  else if (value !== undefined) {
    warnings.push({
      path: envelope.spelling('source'),
      message: 'unknown value; kept under data.extra',
    })
  }
  return actor ?? 'unknown'
}

function readTimestamp(envelope: Fields, warnings: Warning[]): EventDraft['occurred'] {
  if (envelope.peek('timestamp') === undefined) {
    warnings.push({ path: 'timestamp', message: 'is missing; the time received is used' })
  }
  const at = envelope.read('timestamp', asInstant)
  return at === undefined
    ? undefined
    : { at, basis: 'envelope', path: envelope.spelling('timestamp') }
}

function readVersion(envelope: Fields, warnings: Warning[]): string | undefined {
  const version = envelope.read('version', asAttribute)
  if (version !== undefined && !/^1(\.|$)/.test(version)) {
    const path = envelope.spelling('version')
    warnings.push({ path, message: 'is another major version than 1, which the mapping is for' })
  }
  return version
}

const INTERVALS = new Map<string, Subscription['interval']>(
  Object.entries({
    annual: 'year',
    annually: 'year',
    yearly: 'year',
    year: 'year',
    monthly: 'month',
    month: 'month',
    onetime: 'one_time',
    once: 'one_time',
  }),
)

/** The contact's subscription after the event. Null is kept where Hype sends null: it means that there is none. */
function readSubscription(fields: Fields, currency: string | undefined): Subscription | undefined {
  const interval = fields.readNullable('billing_interval', asText)
  const tier = fields.readNullable('tier', asText)
  const finalPayment = fields.readNullable('final_payment', asInstant)
  const money = (name: string): Amount | null | undefined =>
    fields.has(name) ? (fields.readNullable(name, asAmount(currency)) ?? null) : undefined
  return nonEmpty({
    kind: fields.readNullable('membership', asText),
    tier,
    interval:
      interval === undefined ? undefined : (INTERVALS.get(fold(interval ?? '')) ?? 'unknown'),
    interval_raw: interval,
    period_end_at: fields.readNullable('billing_end', asInstant),
    trial_end_at: fields.readNullable('trial_end', asInstant),
    first_payment_at: fields.readNullable('first_payment', asInstant),
    final_payment_at: finalPayment,
    // A final payment and a tier: cancelled, but still in the paid period (help centre, "Cancel a subscription").
    cancel_at_period_end:
      finalPayment === undefined ? undefined : finalPayment !== null && typeof tier === 'string',
    free_access: fields.readNullable('whitelisted', asBoolean),
    discount_code: fields.readNullable('discount_code', asText),
    recurring_amount: money('recurring'),
    total_paid_amount: money('total'),
  })
}

function readAcquisition(value: unknown, warnings: Warning[]) {
  if (!isObject(value)) return undefined
  const fields = readFields(value, warnings, 'data.acquisition.extra')
  const known = {
    audience: fields.read('audience', asText),
    region: fields.read('region', asText),
    source: fields.read('source', asText),
    device: fields.read('device', asText),
    adblock: fields.read('adblock', asBoolean),
  }
  const rest = fields.rest()
  return omitUndefined({ ...known, extra: Object.keys(rest).length > 0 ? rest : undefined })
}

/** Whether it is the contact of the vendor's documented sample, which its Simulate button probably sends. */
function isSample({ vendor_id, email_normalized }: Contact): boolean {
  return vendor_id?.startsWith('00001234-') === true || email_normalized === 'support@trypico.com'
}
