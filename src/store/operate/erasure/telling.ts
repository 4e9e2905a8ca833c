// The events `contact.erased`, which name the contacts of an erased person until the targets have them. Their own contact in the
// log is the person, so that they are found.
import { UNFINISHED_STATES } from '../../../core/deliveries/delivery.ts'
import { RELAY_SOURCE } from '../../../core/events/system-event.ts'
import type { PersonId } from '../../../core/id.ts'
import { listPersonalEvents } from './person-events.ts'

const UNFINISHED = UNFINISHED_STATES.map((state) => `'${state}'`).join()

/** The greatest key. */
const ANY = '9223372036854775807'

/** How many of them are looked for: one, and repeats of it. */
const MAX_FOUND = 20

/** Returns the keys (decimal texts) of the events that tell of an erasure, and those that no target waits for any more. */
export async function findTelling(
  db: D1Database,
  person: PersonId,
): Promise<{ all: string[]; settled: string[] }> {
  const contact = { source: RELAY_SOURCE, contact: person }
  const all = (await listPersonalEvents(db, [contact], ANY, MAX_FOUND)).map(({ key }) => key)
  if (all.length === 0) return { all, settled: [] }
  const { results } = await db
    .prepare(
      `SELECT DISTINCT CAST(event AS TEXT) AS key FROM deliveries WHERE event IN (${all}) AND state IN (${UNFINISHED})`,
    )
    .all<{ key: string }>()
  const waiting = results.map(({ key }) => key)
  return { all, settled: all.filter((key) => !waiting.includes(key)) }
}
