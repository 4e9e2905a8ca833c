// What was answered to whoever asked with an idempotency key. The only SQL over `idempotency`.

/** An answer as it is kept. */
export type StoredAnswer = { status: number; headers: Record<string, string>; body: string }

/** For how long a key stands for its request. */
const KEPT_MS = 24 * 3_600_000

/** A request that has not been answered by then was cut off, and may be made again. */
const CUT_OFF_MS = 120_000

/** How many old keys a new one takes with it. */
const FORGOTTEN = 20

/**
 * Takes a key for a request (its hash). Gives `taken`, or what stands in the way: the `answer` that was given, a request
 * `under way`, or `another` request that was made with it. `now` in epoch milliseconds.
 */
export async function claimKey(
  db: D1Database,
  key: string,
  request: string,
  now: number,
): Promise<'taken' | 'under way' | 'another' | { answer: StoredAnswer }> {
  const [, taken, found] = await db.batch([
    deleteExpiredAnswers(db, now, FORGOTTEN),
    db
      .prepare(
        `INSERT INTO idempotency (key, request, at) VALUES (?1, ?2, ?3)
         ON CONFLICT (key) DO UPDATE SET request = ?2, at = ?3, status = NULL, headers = NULL, body = NULL
         WHERE at < ?4 OR (status IS NULL AND request = ?2 AND at < ?5)`,
      )
      .bind(key, request, now, now - KEPT_MS, now - CUT_OFF_MS),
    db.prepare('SELECT request, status, headers, body FROM idempotency WHERE key = ?1').bind(key),
  ])
  if (taken?.meta.changes === 1) return 'taken'
  const row = found?.results[0] as Row | undefined
  if (row?.request !== request) return 'another'
  if (row.status === null) return 'under way'
  return {
    answer: { status: row.status, headers: JSON.parse(row.headers ?? '{}'), body: row.body ?? '' },
  }
}

/** Forgets the keys whose time is over, the oldest first and at most `limit`. `now` in epoch milliseconds. */
export function deleteExpiredAnswers(
  db: D1Database,
  now: number,
  limit: number,
): D1PreparedStatement {
  return db
    .prepare(
      'DELETE FROM idempotency WHERE key IN (SELECT key FROM idempotency WHERE at < ?1 ORDER BY at LIMIT ?2)',
    )
    .bind(now - KEPT_MS, limit)
}

type Row = { request: string; status: number | null; headers: string | null; body: string | null }

/** Keeps what was answered to the request that took a key. */
export async function storeAnswer(
  db: D1Database,
  key: string,
  { status, headers, body }: StoredAnswer,
): Promise<void> {
  await db
    .prepare('UPDATE idempotency SET status = ?2, headers = ?3, body = ?4 WHERE key = ?1')
    .bind(key, status, JSON.stringify(headers), body)
    .run()
}

/** Gives a key back whose request was not carried out. */
export async function releaseKey(db: D1Database, key: string): Promise<void> {
  await db.prepare('DELETE FROM idempotency WHERE key = ?1').bind(key).run()
}
