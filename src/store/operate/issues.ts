// What needs attention and was told to targets. The only SQL over `issues`.
import type { Issue } from '../../core/operate/issues.ts'

type Row = {
  cause: string
  name: string
  about: string
  words: string
  opened_at: number
  told_at: number
  is_open: number
}

/** Returns every issue, open or not: one for each cause and name that there ever was. */
export async function listIssues(db: D1Database): Promise<Issue[]> {
  const { results } = await db
    .prepare('SELECT cause, name, about, words, opened_at, told_at, is_open FROM issues')
    .all<Row>()
  return results.map(({ opened_at, told_at, is_open, ...row }) => ({
    ...row,
    openedAt: opened_at,
    toldAt: told_at,
    isOpen: is_open === 1,
  }))
}

/**
 * Writes an issue if its last event is still the one of `toldBefore` (undefined: it has none). Returns false otherwise: of two
 * that do so at the same time, one succeeds.
 */
export async function writeIssue(
  db: D1Database,
  issue: Issue,
  toldBefore: number | undefined,
): Promise<boolean> {
  const { cause, name, about, words, openedAt, toldAt, isOpen } = issue
  const { meta } = await db
    .prepare(
      `INSERT INTO issues (cause, name, about, words, opened_at, told_at, is_open)
       SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE ?8 IS NULL OR EXISTS (SELECT 1 FROM issues WHERE cause = ?1 AND name = ?2)
       ON CONFLICT DO UPDATE SET about = ?3, words = ?4, opened_at = ?5, told_at = ?6, is_open = ?7 WHERE told_at IS ?8`,
    )
    .bind(cause, name, about, words, openedAt, toldAt, Number(isOpen), toldBefore ?? null)
    .run()
  return meta.changes > 0
}

/** Takes back what `writeIssue` wrote: its event was not recorded, so that the next run tells it. */
export async function restoreIssue(
  db: D1Database,
  written: Issue,
  before: Issue | undefined,
): Promise<void> {
  if (before !== undefined) {
    await writeIssue(db, before, written.toldAt)
    return
  }
  await db
    .prepare('DELETE FROM issues WHERE cause = ?1 AND name = ?2 AND told_at = ?3')
    .bind(written.cause, written.name, written.toldAt)
    .run()
}
