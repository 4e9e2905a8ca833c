// Retention of packs: a pack goes as a whole, after what D1 knows of its people. It is cut and repeated without harm, as
// what is deleted first is found by the lines, which go last.
import { type EventId, firstKeyAt, idOfKey, keyOfId } from '../../../core/id.ts'
import type { PackLine } from '../../../core/ledger/pack-line.ts'
import { KIND_OF_REPEATS, numberOfKind } from '../../events/packs/kinds.ts'
import type { Pack, PackEnv, PackRow, Place } from '../../events/packs/packs.ts'
import { packOf } from '../../events/packs/packs.ts'
import { readLines } from '../../events/packs/read.ts'
import { forgetIdentities } from '../../intake/packed-identities.ts'
import { endSegment } from '../prune.ts'
import { forgetFactsBefore } from './facts.ts'
import { noteGarbage, retire } from './garbage.ts'
import { onlyIfVersion } from './swap.ts'

/** Events whose entries are deleted in one transaction, which takes some 100 ms. */
const CHUNK = 2000

/**
 * Which pack: the first one that starts after a time, of which all events were received before another (epoch milliseconds).
 * `hasRaw`: with received bytes. `place`: there alone.
 */
export type OldPack = { after: number; before: number; hasRaw?: boolean; place?: Place | undefined }

/** Returns that pack; undefined if there is none. */
export async function firstOldPack(
  db: D1Database,
  { after, before, hasRaw = false, place }: OldPack,
): Promise<Pack | undefined> {
  const row = await db
    .prepare(
      `SELECT * FROM packs WHERE start > ?1 AND start < ?2 AND until <= ?2 ${hasRaw ? 'AND has_raw = 1' : ''}
         AND (?3 IS NULL OR place = ?3) ORDER BY start LIMIT 1`,
    )
    .bind(after, before, place ?? null)
    .first<PackRow>()
  return row === null ? undefined : packOf(row)
}

/**
 * Whether there is a pack that begins before a time, one with received bytes that begins before another, and such a one in D1
 * before a third (epoch milliseconds).
 */
export async function isAnyPackOld(
  db: D1Database,
  times: readonly [all: number, raw: number, rawInD1: number],
): Promise<boolean> {
  const found = await db
    .prepare(
      `SELECT (EXISTS (SELECT 1 FROM packs WHERE start < ?1) OR EXISTS (SELECT 1 FROM packs WHERE has_raw = 1 AND start < ?2)
         OR EXISTS (SELECT 1 FROM packs WHERE has_raw = 1 AND start < ?3 AND place = 'd1')) AS yes`,
    )
    .bind(...times)
    .first('yes')
  return found === 1
}

/** SQL: the contacts without any event. */
const HAS_NO_EVENT = `NOT EXISTS (SELECT 1 FROM events AS e WHERE e.status IN ('accepted', 'derived') AND e.source = contacts.source
    AND e.contact = contacts.contact)
  AND NOT EXISTS (SELECT 1 FROM events AS e WHERE e.status = 'duplicate' AND e.source = contacts.source AND e.contact = contacts.contact)
  AND NOT EXISTS (SELECT 1 FROM packed_contacts AS c CROSS JOIN packed_events AS p ON p.contact = c.number
    WHERE c.source = contacts.source AND c.contact = contacts.contact)`

const DELETE_ENTRIES = [
  `DELETE FROM packed_events WHERE (contact, kind, at, key) IN (
     SELECT c.number, gone.value ->> 2, gone.value ->> 3, gone.value ->> 4 FROM json_each(?1) AS gone
     CROSS JOIN packed_contacts AS c ON c.source = gone.value ->> 0 AND c.contact = gone.value ->> 1)`,
  `DELETE FROM contacts WHERE (source, contact) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?1)) AND ${HAS_NO_EVENT}`,
  `DELETE FROM packed_contacts WHERE (source, contact) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?1))
     AND NOT EXISTS (SELECT 1 FROM packed_events AS p WHERE p.contact = packed_contacts.number)`,
]

// The totals of received events and of attempts keep counting what is deleted.
const SUBTRACT_STATES = `
INSERT INTO totals (kind, name, outcome, bucket, count, ms, last, status)
SELECT CASE kind WHEN 'target' THEN 'delivery' ELSE 'event' END, name, state, 0, -sum(count), 0, 0, NULL
FROM ledger WHERE start = ?1 + 1 AND count <> 0 GROUP BY kind, name, state
ON CONFLICT DO UPDATE SET count = count + excluded.count`

/**
 * Deletes a pack with all that D1 has of it, its contacts without other events among it, and then its bytes. Events of its
 * time that are hot stay. Returns how many it had. Throws when its place does not answer, and an error that `isChanged`
 * recognises when another version has taken its place.
 */
export async function dropPack(env: PackEnv, pack: Pack, now: number): Promise<number> {
  const { DB } = env
  const { start, version } = pack
  let waiting: PackLine[] = []
  const flush = async (lines: readonly PackLine[]) => {
    const gone = `[${lines.flatMap(entryOf)}]`
    const owners = lines.flatMap(({ source, contact }) =>
      contact === undefined ? [] : [{ source, contact }],
    )
    const forgotten = await forgetFactsBefore(DB, owners, idOfKey(firstKeyAt(pack.until)))
    await DB.batch([
      ...forgotten,
      forgetIdentities(DB, lines),
      ...DELETE_ENTRIES.map((sql) => DB.prepare(sql).bind(gone)),
    ])
  }
  for await (const lines of readLines(env, pack)) {
    waiting.push(...lines)
    if (waiting.length < CHUNK) continue
    await flush(waiting)
    waiting = []
  }
  if (waiting.length > 0) await flush(waiting)
  await DB.batch([
    onlyIfVersion(DB, start, version),
    ...[
      SUBTRACT_STATES,
      'DELETE FROM ledger WHERE start = ?1 + 1',
      'DELETE FROM statistics WHERE start = ?1 + 1',
      'DELETE FROM packs WHERE start = ?1',
    ].map((sql) => DB.prepare(sql).bind(start)),
    noteGarbage(DB, pack, now),
    ...endSegment(DB, start),
  ])
  await retire(env, pack)
  return pack.events
}

/** What the index of people has of a line, as JSON: source, contact, kind, time, key; nothing for one that is in no history. */
function entryOf({ id, source, contact, status, type, at = 0 }: PackLine): string[] {
  const kind = kindOfLine(status, type)
  if (contact === undefined || kind === undefined) return []
  return [
    `[${JSON.stringify(source)},${JSON.stringify(contact)},${kind},${at},${keyOfId(id as EventId)}]`,
  ]
}

function kindOfLine(status: string, type: string): number | undefined {
  if (status === 'duplicate') return KIND_OF_REPEATS
  const kind = numberOfKind(type.slice(0, type.indexOf('.')))
  return status === 'quarantined' || kind < 0 ? undefined : kind
}
