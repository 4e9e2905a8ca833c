// Rows that contain a value of somebody although they are about nothing of theirs: what is left of each.
import type { PersonId } from '../../../core/id.ts'
import type { ErasedPlace } from '../../../core/operate/erasure/erasure.ts'
import { noteErased } from './erasures.ts'
import { rowAt, type Table } from './tables.ts'

/** In place of a stored response: a caller who repeats the request learns why there is none. */
const ERASED_ANSWER = JSON.stringify({
  type: 'about:blank',
  title: 'The stored answer was erased, with a person that it was about.',
  status: 410,
})

type Erasing = { place: ErasedPlace; sql: string[] }

// A replay by a filter that names an erased person has nothing left to find. A key that contains a value goes with its row.
const ERASE: Record<string, (person: PersonId) => Erasing> = {
  replays: (person) => ({
    place: 'replays',
    sql: [
      `UPDATE replays SET filter = json_object('person', '${person}'),
         ended = CASE WHEN state = 'running' THEN COALESCE(ended, next_due) ELSE ended END,
         state = CASE WHEN state = 'running' THEN 'stopped' ELSE state END`,
    ],
  }),
  idempotency: () => ({
    place: 'answers',
    sql: [
      `UPDATE idempotency SET status = CASE WHEN status IS NOT NULL THEN 410 END, headers = '{"content-type":"application/problem+json"}',
         body = '${ERASED_ANSWER}'`,
    ],
  }),
  issues: () => ({
    place: 'issues',
    sql: [`UPDATE issues SET words = 'erased', about = 'erased'`],
  }),
}

/** The tables whose rows `eraseRow` knows. */
export const SMALL_TABLES = Object.keys(ERASE)

/** Erases a row of a small table, by the place that `readTable` gave it, and notes that. */
export async function eraseRow(
  db: D1Database,
  person: PersonId,
  table: Table,
  place: readonly string[],
): Promise<void> {
  const erasing = ERASE[table.name]?.(person)
  if (erasing === undefined) throw new Error(`no rows of ${table.name} are erased`)
  const { sql: condition, values } = rowAt(table, place)
  await db.batch([
    ...noteErased(db, person, { [erasing.place]: 1 }),
    ...erasing.sql.map((sql) => db.prepare(`${sql} WHERE ${condition}`).bind(...values)),
  ])
}
