// The table of formats. A new format is a file and a line here.
import type { Rendered } from '../core/deliveries/delivery.ts'
import { type BrokenTarget, isBroken, type Target } from '../core/deliveries/target.ts'
import type { RelayEvent } from '../core/events/event.ts'
import { redact } from '../core/events/privacy.ts'
import type { RawBody } from '../core/intake/request.ts'
import { cloudevents } from './cloudevents.ts'
import type { Format } from './format.ts'
import { raw } from './raw.ts'
import { slack } from './slack.ts'

const table = { cloudevents, raw, slack }

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
  return { contentType: 'application/json; charset=utf-8', body: JSON.stringify(result) }
}
