// The table of formats. A new one is its file and one line here.
import type { Rendered } from '../core/deliveries/delivery.ts'
import type { Target } from '../core/deliveries/target.ts'
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

/** The body that a target gets for an event: without what it did not ask for, in its format or by its transform. */
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
  const made = await target.transform(visible)
  if (made === undefined) throw new Error('the transform made nothing of this event')
  return { contentType: 'application/json; charset=utf-8', body: JSON.stringify(made) }
}
