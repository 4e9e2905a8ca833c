// Hapana: gym management. Its six events are documented as lists of fields, without the envelope and the place of the
// type (support article 526, and 527 to 532 for each event). So every mapping here accepts variants, and the event
// contains what a conclusion was based on.
import type { EventDraft } from '../../core/events/event.ts'
import { type Fields, readFields, type Warning } from '../../core/events/fields.ts'
import { isObject, type JsonObject } from '../../core/intake/json.ts'
import { err, ok } from '../../core/result.ts'
import { withExtra } from '../extra.ts'
import type { Vendor } from '../vendor.ts'
import { normalizeEvent } from './events.ts'
import { interpret, relatedKinds, remembered } from './interpret.ts'
import { signature } from './signature.ts'
import { resolveType, TYPE_NAMES } from './type.ts'

const DELIVERY = 'x-hapana-delivery'

export const hapana = {
  id: 'hapana',
  mappingVersion: 3,
  signature,
  deliveryHeader: DELIVERY,
  relatedKinds,
  remembered,
  interpret,
  keepsHeader: (name) => /^x-hapana-|^x-event-type$|^x-webhook-event$/.test(name),

  normalize,

  signed: {
    stamp: stampOf,
    readings(message, settings) {
      const readings = [undefined, ...TYPE_NAMES].map((eventName) =>
        normalize({ ...message, eventName }, settings),
      )
      return readings.flatMap((reading) => (reading.ok ? [reading.value] : []))
    },
  },
} satisfies Vendor

function normalize(
  message: Parameters<Vendor['normalize']>[0],
  settings: Parameters<Vendor['normalize']>[1],
): ReturnType<Vendor['normalize']> {
  const warnings: Warning[] = []
  const { fields, envelope, wrapper } = unwrap(message.body, warnings)
  const resolved = resolveType(message, envelope, fields, warnings)
  if (!resolved.ok) return resolved
  const { type, vendorType, typeBasis } = resolved.value
  const mapped = normalizeEvent(type, {
    fields,
    envelope,
    warnings,
    settings,
    body: message.body,
    stamp: stampOf(message.headers),
  })
  if (!mapped.ok) {
    const issues = mapped.error.issues.map(({ path, message }) => ({
      path: wrapper === undefined ? path : `${wrapper}.${path}`,
      message,
    }))
    return err({ ...mapped.error, vendorType, issues })
  }
  const { identity, data, ...rest } = mapped.value
  const event = {
    ...rest,
    data: withExtra(data, fields, envelope),
    vendorType,
    vendorVersion: undefined,
    typeBasis,
    isTest: false,
  } as EventDraft
  return ok({ event, identity, warnings })
}

/**
 * Distinguishes a request from another with the same body: the timestamp of the signature, or the delivery id if the
 * request is not signed. The delivery id alone is not covered by the signature, so a replayed request could change it.
 */
function stampOf(headers: Headers): string | undefined {
  const [, signedAt] = /(?:^|,)\s*t=(\d+)/.exec(headers.get('x-hapana-signature') ?? '') ?? []
  return signedAt ?? headers.get(DELIVERY) ?? undefined
}

/**
 * Opens a message for reading. If the client id is not at the top level, `fields` is the object that wraps the content.
 */
function unwrap(
  body: JsonObject,
  warnings: Warning[],
): { fields: Fields; envelope: Fields; wrapper: string | undefined } {
  const top = readFields(body, warnings)
  const whole = { fields: top, envelope: readFields({}, warnings), wrapper: undefined }
  if (top.has('clientID')) return whole
  const wrappers = ['data', 'payload', 'body', 'object']
    .map((name) => top.spelling(name))
    .filter((key) => isObject(body[key]))
  const holdsClient = (key: string) => readFields(body[key] as JsonObject, []).has('clientID')
  const wrapper = wrappers.find(holdsClient) ?? wrappers[0]
  if (wrapper === undefined) return whole
  const { [wrapper]: inner, ...outer } = body
  return {
    fields: readFields(inner as JsonObject, warnings),
    envelope: readFields(outer, warnings),
    wrapper,
  }
}
