// cron → once a day, objects of bodies in R2 that no row has are deleted: what a cut between R2 and D1 left of them.
import type { Env, Tools } from '../../env.ts'
import { deleteLeftovers } from '../../store/events/bodies/objects.ts'

/** Pages of a thousand objects of one run; the next comes in five minutes. */
const MAX_A_RUN = 5

/** Runs once. Safe to run twice, or beside itself. Reads one row when all was looked at today. */
export async function tidyBodies(
  { DB, ARCHIVE }: Pick<Env, 'DB' | 'ARCHIVE'>,
  { now, log }: Tools,
): Promise<void> {
  let deleted = 0
  for (let i = 0; ARCHIVE !== undefined && i < MAX_A_RUN; i++) {
    const count = await deleteLeftovers(DB, ARCHIVE, now())
    if (count === undefined) break
    deleted += count
  }
  if (deleted > 0) log({ at: 'bodies', leftovers: deleted })
}
