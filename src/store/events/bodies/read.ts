// Reads bodies, wherever they are: in the row of their event, in D1 beside it, or in R2.
import { gunzip } from '../../../core/intake/gzip.ts'
import { keepBytes, type RawBody } from '../../../core/intake/request.ts'
import { err, ok, type Result } from '../../../core/result.ts'
import { withTimeout } from '../../timeout.ts'
import type { Place } from './place.ts'

/** How long R2 may take for a body, in milliseconds. */
const R2_TIMEOUT_MS = 3000

/** SQL: joins the place of a body to its event. `event`: the name of the table. A row with a body of its own looks up nothing. */
export const withPlace = (event: string) =>
  `LEFT JOIN bodies ON bodies.owner = CASE WHEN ${event}.raw IS NULL THEN ${event}.key END`

/** SQL: the columns of a place, both null where the body is in its row or is no longer kept. */
export const PLACE_COLUMNS = 'bodies.object, bodies.packed'
export type PlaceColumns = { object: string | null; packed: number[] | null }

/** Those of a packed event, whose line has its body. */
export const IN_ROW: PlaceColumns = { object: null, packed: null }

/** The place in a row; undefined where there is none. */
export function placeIn({ object, packed }: PlaceColumns): Place | undefined {
  if (object !== null) return { object, packed: null }
  return packed === null ? undefined : { object, packed }
}

/** Reads the body at a place, or says as a clause why it cannot be read now. */
export type BodyReader = (place: Place) => Promise<Result<RawBody, string>>

/** A reader that reads each object once. */
export function bodyReader(bucket: R2Bucket | undefined): BodyReader {
  const known = new Map<string, Promise<Result<RawBody, string>>>()
  return (place) => {
    if (place.object === null) return readBody(bucket, place)
    const body = known.get(place.object) ?? readBody(bucket, place)
    known.set(place.object, body)
    return body
  }
}

/** How a reason begins for which a body cannot be read; the index of such deliveries has it. */
export const UNREADABLE = 'its bytes cannot be read now'

/** Bodies that are read at once: an invocation has six connections. */
const AT_ONCE = 5

/** Does the work for each item, for a few at once, and returns what it gives in their order. */
export async function inTurns<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const done: R[] = []
  for (let i = 0; i < items.length; i += AT_ONCE) {
    done.push(...(await Promise.all(items.slice(i, i + AT_ONCE).map(work))))
  }
  return done
}

async function readBody(
  bucket: R2Bucket | undefined,
  place: Place,
): Promise<Result<RawBody, string>> {
  try {
    const packed = place.packed ?? (await readObject(bucket, place.object))
    return ok(keepBytes(await gunzip(new Uint8Array(packed))))
  } catch (error) {
    return err(`${UNREADABLE}: ${error instanceof Error ? error.message : error}`)
  }
}

async function readObject(bucket: R2Bucket | undefined, name: string): Promise<ArrayBuffer> {
  if (bucket === undefined) throw new Error(`${name} is in R2, and ARCHIVE is not bound`)
  const read = async () => (await bucket.get(name))?.arrayBuffer()
  const bytes = await withTimeout(read(), 'R2', R2_TIMEOUT_MS)
  if (bytes === undefined) throw new Error(`${name} is not in the bucket`)
  return bytes
}
