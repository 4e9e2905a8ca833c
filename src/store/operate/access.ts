// Sessions that were ended, and addresses from which a token was used. The only SQL over `access`.

/** The most expired keys that are deleted with each new one. */
const DELETED_PER_KEY = 20

/** Whether a key is kept at `now`, in epoch milliseconds. */
export async function isKept(db: D1Database, key: string, now: number): Promise<boolean> {
  return (await keptOf(db, [key], now)).length > 0
}

/** Those of some keys that are kept at `now`, in epoch milliseconds. */
export async function keptOf(db: D1Database, keys: string[], now: number): Promise<string[]> {
  const { results } = await db
    .prepare('SELECT key FROM access WHERE key IN (SELECT value FROM json_each(?1)) AND until > ?2')
    .bind(JSON.stringify(keys), now)
    .all<{ key: string }>()
  return results.map(({ key }) => key)
}

/** Keeps a key until a time, and deletes some that have expired. Times in epoch milliseconds. */
export async function keep(
  db: D1Database,
  key: string,
  { until, now }: { until: number; now: number },
): Promise<void> {
  await db.batch([
    db
      .prepare('DELETE FROM access WHERE key IN (SELECT key FROM access WHERE until < ?1 LIMIT ?2)')
      .bind(now, DELETED_PER_KEY),
    db
      .prepare(
        'INSERT INTO access (key, until) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET until = ?2',
      )
      .bind(key, until),
  ])
}
