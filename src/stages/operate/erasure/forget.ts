// What is kept of the erased for a time: by what a vendor's repeat of an erased event is recognised, and by what a message that
// is still on its way is. Thirty days after the receipt, and after the erasure, nothing of that is left.
import { firstKeyAt, timeOfId } from '../../../core/id.ts'
import type { Env, Tools } from '../../../env.ts'
import { getStuck } from '../../../store/intake/stuck.ts'
import { forgetRepeats } from '../../../store/operate/erasure/erase-events.ts'
import { forgetContacts } from '../../../store/operate/erasure/erasures.ts'
import { oldestArchived } from '../../intake/archive.ts'

/** For how long a vendor's repeat is recognised, and a spilled message is expected. */
export const REMEMBERED_MS = 30 * 24 * 3_600_000

/** Events of a run. */
const MAX_A_RUN = 500

/** Forgets what has been kept for thirty days. `version`: of the erased contacts, where that changes them. */
export async function forgetOld(
  { DB, ARCHIVE }: Pick<Env, 'DB' | 'ARCHIVE'>,
  version: number,
  { now }: Pick<Tools, 'now'>,
): Promise<void> {
  const before = now() - REMEMBERED_MS
  await forgetRepeats(DB, firstKeyAt(before), MAX_A_RUN).run()
  // A request that has waited for longer is known: it is in the archive, or it is called out.
  const archived = ARCHIVE === undefined ? undefined : await oldestArchived(ARCHIVE)
  const stuck = await getStuck(DB, now())
  const oldest = Math.min(archived ?? before, stuck === undefined ? before : timeOfId(stuck.id))
  await forgetContacts(DB, Math.min(before, oldest), version)
}
