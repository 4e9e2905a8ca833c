// Idempotency keys, and the responses stored under them. The only SQL over `idempotency`.

/** A response as it is stored. */
export type StoredAnswer = { status: number; headers: Record<string, string>; body: string }

/** How long a key belongs to its request. */
const RETENTION_MS = 24 * 3_600_000

/** A request without a response after this time was cut off: it may be repeated. */
const CUT_OFF_MS = 120_000

/** How many expired keys are deleted when a key is claimed. */
const DELETED_PER_CLAIM = 20

/**
 * Claims a key for a request (its hash). Returns `claimed`; or the stored `answer` to the same request; `in progress` if
 * that has no response yet; `different request` if the key belongs to another one. `now` in epoch milliseconds.
 */
export async function claimKey(
  db: D1Database,
  key: string,
  request: string,
  now: number,
): Promise<'claimed' | 'in progress' | 'different request' | { answer: StoredAnswer }> {
  const [, claimed, found] = await db.batch([
    deleteExpiredAnswers(db, now, DELETED_PER_CLAIM),
    db
      .prepare(
        `INSERT INTO idempotency (key, request, at) VALUES (?1, ?2, ?3)
         ON CONFLICT (key) DO UPDATE SET request = ?2, at = ?3, status = NULL, headers = NULL, body = NULL
         WHERE at < ?4 OR (status IS NULL AND request = ?2 AND at < ?5)`,
      )
      .bind(key, request, now, now - RETENTION_MS, now - CUT_OFF_MS),
    db.prepare('SELECT request, status, headers, body FROM idempotency WHERE key = ?1').bind(key),
  ])
  if (claimed?.meta.changes === 1) return 'claimed'
  const row = found?.results[0] as Row | undefined
  if (row?.request !== request) return 'different request'
  if (row.status === null) return 'in progress'
  return {
    answer: { status: row.status, headers: JSON.parse(row.headers ?? '{}'), body: row.body ?? '' },
  }
}

/** Deletes expired keys, the oldest first, at most `limit`. `now` in epoch milliseconds. */
export function deleteExpiredAnswers(
  db: D1Database,
  now: number,
  limit: number,
): D1PreparedStatement {
  return db
    .prepare(
      'DELETE FROM idempotency WHERE key IN (SELECT key FROM idempotency WHERE at < ?1 ORDER BY at LIMIT ?2)',
    )
    .bind(now - RETENTION_MS, limit)
}

type Row = { request: string; status: number | null; headers: string | null; body: string | null }

/** Stores the response to the request that claimed a key. */
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

/** Releases the key of a request that was not carried out: another request may claim it. */
export async function releaseKey(db: D1Database, key: string): Promise<void> {
  await db.prepare('DELETE FROM idempotency WHERE key = ?1').bind(key).run()
}
