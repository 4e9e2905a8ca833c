// Large bodies leave their rows: each is compressed and put where it stays, in R2 if a bucket is bound and takes it in time, else
// in D1. A name is used once, so that an object of the day before without a row is of no use to anybody (leftovers.ts).
import { type EventId, keyOfId } from '../../../core/id.ts'
import { gzip } from '../../../core/intake/gzip.ts'
import { bytesOfBody, isLarge, type RawBody } from '../../../core/intake/request.ts'
import type { BatchDatabase } from '../../group-commit.ts'
import { withTimeout } from '../../timeout.ts'

/** Where a body is: the name of an object of R2, or its bytes as gzip, as D1 takes or gives them. */
export type Place =
  | { object: string; packed: null }
  | { object: null; packed: Uint8Array | number[] }

/** What begins the names of objects with bodies. The id of the event follows: they sort by its time. */
export const PREFIX = 'bodies/'

/** What it takes to place bodies: `ms`, how long R2 may take for all of them; `random` gives numbers in [0, 1). */
type Means = {
  ms: number
  random: () => number
  log: (line: Record<string, unknown>) => void
}

/**
 * The records with the places of their large bodies, which are in R2 by then, or fit into the transaction that writes the
 * records. Those without a large body are the same. Never rejects because of R2.
 */
export async function placeBodies<R extends { id: EventId; raw: RawBody }>(
  bucket: R2Bucket | undefined,
  records: readonly R[],
  means: Means,
): Promise<(R & { apart?: Place })[]> {
  if (!records.some(({ raw }) => isLarge(raw))) return [...records]
  const place = async (record: R) =>
    isLarge(record.raw) ? { ...record, apart: await placeOf(bucket, record, means) } : record
  return Promise.all(records.map(place))
}

async function placeOf(
  bucket: R2Bucket | undefined,
  { id, raw }: { id: EventId; raw: RawBody },
  { ms, random, log }: Means,
): Promise<Place> {
  const packed = await gzip(bytesOfBody(raw))
  if (bucket === undefined || ms <= 0) return { object: null, packed }
  const object = `${PREFIX}${id}-${Math.floor(random() * 36 ** 8).toString(36)}.gz`
  try {
    await withTimeout(bucket.put(object, packed), 'R2', ms)
    return { object, packed: null }
  } catch (error) {
    log({
      at: 'bodies',
      event: id,
      fault: 'R2 did not take its body; D1 has it',
      detail: String(error),
    })
    return { object: null, packed }
  }
}

/**
 * The statement that notes where the body of an event is, after the one that wrote that. What repeats an erased event is
 * written with nothing of its message, and has no body either.
 */
export function insertBody(
  db: Pick<BatchDatabase, 'prepare'>,
  { id, raw }: { id: EventId; raw: RawBody },
  { object, packed }: Place,
): D1PreparedStatement {
  return db
    .prepare(
      `INSERT INTO bodies (owner, size, object, packed) SELECT key, ?2, ?3, ?4 FROM events
       WHERE key = CAST(?1 AS INTEGER) AND ${HAS_MESSAGE}`,
    )
    .bind(keyOfId(id), bytesOfBody(raw).length, object, packed)
}

/** SQL: whether a row of `events` has an event or issues: one without either has nothing of its message. */
const HAS_MESSAGE = '(event IS NOT NULL OR issues IS NOT NULL)'

/** The statement that forgets the body of a message of which nothing was kept when it left quarantine. */
export function forgetBody(
  db: Pick<BatchDatabase, 'prepare'>,
  { id }: { id: EventId },
): D1PreparedStatement {
  return db
    .prepare(
      `DELETE FROM bodies WHERE owner = CAST(?1 AS INTEGER)
         AND EXISTS (SELECT 1 FROM events WHERE key = owner AND NOT ${HAS_MESSAGE})`,
    )
    .bind(keyOfId(id))
}
