// The table of formats. A new format is a file and a line here.
import { CLOUDEVENT_TYPE, JSON_TYPE, type Rendered } from '../core/deliveries/delivery.ts'
import { isCloudEventType } from '../core/deliveries/media-type.ts'
import { type BrokenTarget, isBroken, type Target } from '../core/deliveries/target.ts'
import type { RelayEvent } from '../core/events/event.ts'
import { redact } from '../core/events/privacy.ts'
import { isObject } from '../core/intake/json.ts'
import type { RawBody } from '../core/intake/request.ts'
import { cloudevents } from './cloudevents.ts'
import { cloudeventsBinary } from './cloudevents-binary.ts'
import type { Format } from './format.ts'
import { raw } from './raw.ts'
import { slack } from './slack.ts'

const table = { cloudevents, 'cloudevents-binary': cloudeventsBinary, raw, slack }

export type FormatId = keyof typeof table
/** Every format by its id. */
export const FORMATS: Readonly<Record<FormatId, Format>> = table

/** Whether the body for a target is made of the vendor's bytes. */
export function needsRaw(target: Target<FormatId> | BrokenTarget | undefined): boolean {
  if (target === undefined || isBroken(target)) return false
  return target.transform === undefined && FORMATS[target.format].needsRaw
}

/**
 * The body of an event for a target, without the sensitive fields that the target does not include, in its format or by
 * its transform. Rejects if the format or the transform has no body for it.
 */
export async function renderFor(
  target: Target<FormatId>,
  event: RelayEvent,
  raw: RawBody | undefined,
  rawContentType: string | undefined,
): Promise<Rendered> {
  const visible = redact(event, target.include)
  if (target.transform === undefined) {
    return FORMATS[target.format].render(visible, raw, rawContentType)
  }
  const result = await target.transform(visible)
  if (result === undefined) throw new Error('the transform returned nothing for this event')
  return {
    contentType: isCloudEvent(result) ? CLOUDEVENT_TYPE : JSON_TYPE,
    body: JSON.stringify(result),
  }
}

/** Whether what an expression made has the attributes that every CloudEvent must have. */
function isCloudEvent(value: unknown): boolean {
  return (
    isObject(value) &&
    value.specversion === '1.0' &&
    [value.id, value.source, value.type].every((one) => typeof one === 'string' && one !== '')
  )
}

/**
 * The content type with which a target gets a body, which may be one of an earlier attempt: the bytes stay, but their name
 * follows the configuration, so that a receiver that refused it (415) gets the retries as it needs them. A CloudEvent is
 * JSON by default, as many frameworks hand nothing else to their code; to a target of `raw` it keeps its name, which tells
 * it from what a vendor sent. What is none is never called one.
 */
export function contentTypeFor(
  { format, contentType }: Pick<Target<FormatId>, 'format' | 'contentType'>,
  { contentType: own, headers }: Rendered,
): string {
  if (headers !== undefined) return own
  if (isCloudEventType(own)) {
    if (format === 'raw') return CLOUDEVENT_TYPE
    return contentType ?? (format === 'cloudevents-binary' ? CLOUDEVENT_TYPE : JSON_TYPE)
  }
  if (contentType !== undefined && !isCloudEventType(contentType)) return contentType
  // Earlier versions named a charset.
  return format !== 'raw' && JSON_IN_UTF8.test(own) ? JSON_TYPE : own
}

/** The type of JSON with a parameter that says nothing of it. */
const JSON_IN_UTF8 = /^application\/json *; *charset="?utf-?8"?$/i
