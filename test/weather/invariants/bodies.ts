// The received bytes of events, read without the relay's code: in the row, or compressed beside it or in the bucket.
import { gunzipSync } from 'node:zlib'
import type { Relay } from '../machine/relay.ts'

type Row = { raw: string | null; object: string | null; packed: number[] | null }

/** The text that an event of a row was received as, by its key; null where it is no longer kept. Undefined without a row. */
export function bodyOf({ database, bucket }: Relay, key: string): string | null | undefined {
  const [row] = database.read<Row>(
    'SELECT raw, object, packed FROM events LEFT JOIN bodies ON owner = key WHERE key = CAST(?1 AS INTEGER)',
    key,
  )
  if (row === undefined || row.raw !== null) return row?.raw
  const packed = row.object === null ? row.packed : bucket.objects.get(row.object)?.bytes
  return packed ? gunzipSync(Uint8Array.from(packed)).toString('utf8') : null
}
