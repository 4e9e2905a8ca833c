// Hapana: gym management. Six events, documented as field lists without an envelope (support article 526 and
// its per-event articles 527 to 532), so every reading here is tolerant and says what it relied on.
import type { EventDraft } from '../../core/events/event.ts'
import { type Fields, readFields, type Warning } from '../../core/events/fields.ts'
import { isObject, type JsonObject } from '../../core/intake/json.ts'
import { err, ok } from '../../core/result.ts'
import { withExtra } from '../extra.ts'
import type { Vendor } from '../vendor.ts'
import { normalizeEvent } from './events.ts'
import { interpret, relatedKinds } from './interpret.ts'
import { signature } from './signature.ts'
import { resolveType } from './type.ts'

export const hapana = {
  id: 'hapana',
  mappingVersion: 2,
  signature,
  relatedKinds,
  interpret,
  keepsHeader: (name) => /^x-hapana-|^x-event-type$|^x-webhook-event$/.test(name),

  normalize(message, settings) {
    const warnings: Warning[] = []
    const { fields, envelope, wrapper } = unwrap(message.body, warnings)
    const resolved = resolveType(message, envelope, fields, warnings)
    if (!resolved.ok) return resolved
    const { kind, vendorType, typeBasis } = resolved.value
    const mapped = normalizeEvent(kind, {
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
  },
} satisfies Vendor

/**
 * What tells a request from another of the same body: the time that is signed with it. The delivery id is not signed: it
 * counts only where nothing is, and a sender is proven otherwise.
 */
function stampOf(headers: Headers): string | undefined {
  const [, signedAt] = /(?:^|,)\s*t=(\d+)/.exec(headers.get('x-hapana-signature') ?? '') ?? []
  return signedAt ?? headers.get('x-hapana-delivery') ?? undefined
}

/** Opens a message, and one level of wrapping in it when the client's id is not outside of that. */
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
