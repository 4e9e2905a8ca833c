// Hype (formerly Pico): creator communities. One documented body for five event types (help centre article
// "Receive Contact Event Notifications with Webhooks"). Its `id` is most likely the contact's, not the event's.
import { type Amount, asAmount } from '../../core/events/amount.ts'
import { type EventDraft, sourcePath } from '../../core/events/event.ts'
import {
  asBoolean,
  asId,
  asText,
  type Fields,
  fold,
  nonEmpty,
  omitUndefined,
  readFields,
  type Warning,
} from '../../core/events/fields.ts'
import { asEpoch } from '../../core/events/time.ts'
import type { Contact, Subscription } from '../../core/events/vocabulary.ts'
import { sameContent } from '../../core/intake/dedupe.ts'
import { canonical, isObject } from '../../core/intake/json.ts'
import { err, ok } from '../../core/result.ts'
import { withExtra } from '../extra.ts'
import type { NormalizationError, Vendor } from '../vendor.ts'
import { inferAlone } from './inference.ts'
import { interpret, relatedKinds } from './interpret.ts'

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
  mappingVersion: 2,
  relatedKinds: ({ vendortype }) => relatedKinds(vendortype),
  interpret: (event, { past }) => interpret(event, past),

  normalize({ body }, settings) {
    const warnings: Warning[] = []
    const envelope = readFields(body, warnings)
    const vendorType = envelope.read('type', asText)
    const type = TYPES.find((known) => known === vendorType)
    const issues = missing(envelope, type)
    if (type === undefined || issues.length > 0) return err(notUnderstood(type, vendorType, issues))

    const account = envelope.read('publisher_id', asId) ?? ''
    const details = envelope.read('data', (value) => (isObject(value) ? value : undefined)) ?? {}
    const fields = readFields(details, warnings)
    const contact = readContact(envelope)
    const actor = readActor(envelope, warnings)
    const subscription = readSubscription(fields, settings.currency)
    const meaning = inferAlone(type, actor, subscription?.total_paid_amount)
    const data = omitUndefined({
      contact,
      account: { vendor_id: account },
      subscription,
      acquisition: fields.read('acquisition', (value) => readAcquisition(value, warnings)),
      actor,
      ...meaning.data,
    })
    const timestamp = envelope.peek('timestamp')
    const occurred = readTimestamp(envelope, warnings)
    const vendorVersion = readVersion(envelope, warnings)
    const event = {
      type: meaning.type,
      origin: sourcePath('hype', 'publishers', account),
      contactId: contact.vendor_id,
      occurred,
      vendorType: type,
      vendorVersion,
      typeBasis: 'body',
      isTest: isSample(contact),
      data: withExtra(data, fields, envelope),
    } as EventDraft
    const { [envelope.spelling('timestamp')]: _timestamp, ...said } = body
    // Everything but the timestamp says what happened; the timestamp, when there is one, which time.
    const identity = {
      ...sameContent(canonical(said)),
      stamp: timestamp === undefined ? undefined : canonical(timestamp),
    }
    return ok({ event, identity, warnings })
  },
} satisfies Vendor

function missing(envelope: Fields, type: HypeType | undefined): Warning[] {
  const lacks = (name: string) => asId(envelope.peek(name)) === undefined
  const data = envelope.peek('data')
  return [
    ...(type === undefined ? [{ path: 'type', message: 'names no event that is known' }] : []),
    ...(lacks('publisher_id')
      ? [{ path: 'publisher_id', message: 'is missing or no id: the account is unknown' }]
      : []),
    ...(lacks('id') && lacks('email')
      ? [
          {
            path: 'id',
            message: 'is missing, and so is the email: nobody can tell whose event this is',
          },
        ]
      : []),
    ...(data !== undefined && !isObject(data)
      ? [{ path: 'data', message: 'is not an object' }]
      : []),
  ]
}

function notUnderstood(
  type: HypeType | undefined,
  vendorType: string | undefined,
  issues: Warning[],
): NormalizationError {
  if (type === undefined)
    return { type: 'vendor.unrecognized', vendorType, issues: issues.slice(0, 1) }
  return { type: inferAlone(type, 'unknown', undefined).type, vendorType, issues }
}

function readContact(envelope: Fields): Contact {
  const email = envelope.read('email', asText)
  return omitUndefined({
    vendor_id: envelope.read('id', asId),
    email,
    email_normalized: email?.toLowerCase(),
    full_name: envelope.read('name', asText),
  })
}

/** Who caused the event. The key is absent in bodies of 2020, and spelled with and without a capital. */
function readActor(envelope: Fields, warnings: Warning[]): Actor {
  const value = envelope.peek('source')
  const actor = (['user', 'dashboard', 'system'] as const).find(
    (known) => typeof value === 'string' && value.trim().toLowerCase() === known,
  )
  if (actor !== undefined) envelope.read('source', asText)
  else if (value !== undefined) {
    warnings.push({ path: envelope.spelling('source'), message: 'names no actor that is known' })
  }
  return actor ?? 'unknown'
}

function readTimestamp(envelope: Fields, warnings: Warning[]): EventDraft['occurred'] {
  if (envelope.peek('timestamp') === undefined) {
    warnings.push({ path: 'timestamp', message: 'is missing; the time of receipt is used' })
  }
  const at = envelope.read('timestamp', asEpoch)
  return at === undefined ? undefined : { at, basis: 'envelope' }
}

function readVersion(envelope: Fields, warnings: Warning[]): string | undefined {
  const version = envelope.read('version', asText)
  if (version !== undefined && !/^1(\.|$)/.test(version)) {
    const path = envelope.spelling('version')
    warnings.push({ path, message: 'is of another major version than the documented 1' })
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

/** What the contact's membership looks like after the event. Null where Hype says null: that is an answer. */
function readSubscription(fields: Fields, currency: string | undefined): Subscription | undefined {
  const interval = fields.readNullable('billing_interval', asText)
  const tier = fields.readNullable('tier', asText)
  const finalPayment = fields.readNullable('final_payment', asEpoch)
  const money = (name: string): Amount | null | undefined =>
    fields.has(name) ? (fields.readNullable(name, asAmount(currency)) ?? null) : undefined
  return nonEmpty({
    kind: fields.readNullable('membership', asText),
    tier,
    interval:
      interval === undefined ? undefined : (INTERVALS.get(fold(interval ?? '')) ?? 'unknown'),
    interval_raw: interval,
    period_end_at: fields.readNullable('billing_end', asEpoch),
    trial_end_at: fields.readNullable('trial_end', asEpoch),
    first_payment_at: fields.readNullable('first_payment', asEpoch),
    final_payment_at: finalPayment,
    // Both set: cancelled, and still in the paid period (help centre, "Cancel a subscription").
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
  const fields = readFields(value, warnings)
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

/** The contact of the vendor's own sample, which its Simulate button is thought to send. */
function isSample({ vendor_id, email_normalized }: Contact): boolean {
  return vendor_id?.startsWith('00001234-') === true || email_normalized === 'support@trypico.com'
}
