// The rows of an event as if its body were in them.
import { resolve } from '../../../core/intake/references.ts'
import { err, ok, type Result } from '../../../core/result.ts'
import { type BodyReader, type PlaceColumns, placeIn } from './read.ts'
import { unpackSent } from './sent.ts'

/** The texts of an event's rows that are the body, or refer to it. */
type Texts = {
  event: { raw: string | null; event: string | null }
  deliveries: { body: string | null }[]
}

/**
 * The rows with the body of the event and all texts that refer to it, whole; the same where its body is in its row, or is no
 * longer kept. Refuses, as a clause, while the body cannot be read. Throws when a text refers to what it does not have.
 */
export async function wholeRows<R extends Texts>(
  read: BodyReader,
  place: PlaceColumns,
  rows: R,
): Promise<Result<R, string>> {
  const own = placeIn(place)
  if (own === undefined) return ok(rows)
  const body = await read(own)
  if (!body.ok) return err(body.error)
  const { text } = body.value
  const { event } = rows.event
  const sent = rows.deliveries.map(async (delivery) => ({
    ...delivery,
    body: delivery.body === null ? null : await unpackSent(delivery.body, text),
  }))
  return ok({
    ...rows,
    event: { ...rows.event, raw: text, event: event === null ? null : resolve(event, text) },
    deliveries: await Promise.all(sent),
  })
}
