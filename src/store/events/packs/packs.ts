// The packs that there are: what D1 knows of each, and where its bytes are.
import type { EventId } from '../../../core/id.ts'

/** What packs need of an environment: the database, and the bucket for the bytes where one is bound. */
export type PackEnv = { DB: D1Database; ARCHIVE?: R2Bucket | undefined }

/** Where the bytes of a pack are: rows of D1, or objects of R2. */
export type Place = 'd1' | 'r2'

/** A gzip member of a pack: the first event of its lines, and where it is in the pack's bytes. */
export type Block = [first: EventId, offset: number, bytes: number]

/** A piece of a pack's bytes: a row of D1 or an object of R2, with the SHA-256 of its bytes in hexadecimal. */
export type Part = [bytes: number, hash: string]

/** A pack. Times in epoch milliseconds. */
export type Pack = {
  /** The start of its segment. */
  start: number
  until: number
  version: number
  place: Place
  /** How many events it has, and how many bytes. */
  events: number
  bytes: number
  /** Whether any of its events has received bytes. */
  hasRaw: boolean
  parts: readonly Part[]
  blocks: readonly Block[]
  /** How many of its deliveries are in which state. */
  states: Readonly<Record<string, number>>
}

/** A row of `packs`. */
export type PackRow = Omit<Pack, 'hasRaw' | 'parts' | 'blocks' | 'states'> & {
  has_raw: number
  parts: string
  blocks: string
  states: string
}

/** Returns the pack of a row. */
export function packOf({ has_raw, parts, blocks, states, ...row }: PackRow): Pack {
  return {
    ...row,
    hasRaw: has_raw === 1,
    parts: JSON.parse(parts),
    blocks: JSON.parse(blocks),
    states: JSON.parse(states),
  }
}

/** Returns the pack of the segment with a start; undefined if it has none. */
export async function getPack(db: D1Database, start: number): Promise<Pack | undefined> {
  const row = await db.prepare('SELECT * FROM packs WHERE start = ?1').bind(start).first<PackRow>()
  return row === null ? undefined : packOf(row)
}

/** Returns the packs that have events received in a period (epoch milliseconds), at most `limit`, the earliest first. */
export async function listPacks(
  db: D1Database,
  { since, until }: { since: number; until: number },
  limit: number,
): Promise<Pack[]> {
  const { results } = await db
    .prepare(
      `SELECT * FROM packs WHERE start >= COALESCE((SELECT max(start) FROM packs WHERE start <= ?1), ?1)
         AND start < ?2 AND until > ?1 ORDER BY start LIMIT ?3`,
    )
    .bind(since, until, limit)
    .all<PackRow>()
  return results.map(packOf)
}

/** Returns the packs whose time has one of some times of receipt (epoch milliseconds), each once. */
export async function packsAt(db: D1Database, times: readonly number[]): Promise<Pack[]> {
  // D1 does not count the rows of VALUES as read, unlike those of json_each.
  const minutes = [...new Set(times.map((time) => time - (time % 60_000)))]
  if (minutes.length === 0) return []
  const { results } = await db
    .prepare(
      `WITH wanted(time) AS (VALUES ${minutes.map((minute) => `(${minute})`)})
       SELECT * FROM packs WHERE start IN (
         SELECT (SELECT max(start) FROM packs WHERE start <= time) FROM wanted)
       ORDER BY start`,
    )
    .all<PackRow>()
  return results.map(packOf).filter(({ start, until }) => {
    return minutes.some((minute) => minute >= start && minute < until)
  })
}
