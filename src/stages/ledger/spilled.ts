// What waits in the spill queue, as operators see it.
import { formatInstant } from '../../core/events/time.ts'
import type { SpillStatus } from '../../core/operate/attention/spill.ts'
import type { Env, Tools } from '../../env.ts'
import { getStuck } from '../../store/intake/stuck.ts'
import { withTimeout } from '../../store/timeout.ts'
import { oldestArchived } from '../intake/archive.ts'

/** The spill queue; null when it does not report its length. Reads D1 only while something waits. */
export async function readSpill(
  env: Pick<Env, 'DB' | 'SPILL' | 'ARCHIVE'>,
  { now, log }: Pick<Tools, 'now' | 'log'>,
): Promise<SpillStatus | null> {
  try {
    const metrics = await withTimeout(env.SPILL.metrics(), 'the queue')
    const { backlogCount: requests, oldestMessageTimestamp: oldest } = metrics
    const stuck = requests === 0 ? undefined : await getStuck(env.DB, now()).catch(() => undefined)
    const archived = env.ARCHIVE && (await oldestArchived(env.ARCHIVE).catch(() => undefined))
    // The queue reports 1970 where it has no message.
    const sentAt = oldest === undefined ? 0 : oldest.getTime()
    return {
      requests,
      oldest_message: requests === 0 || sentAt === 0 ? null : formatInstant(sentAt),
      oldest_archived: archived === undefined ? null : formatInstant(archived),
      stuck: stuck ?? null,
    }
  } catch (error) {
    const fault = 'the spill queue did not report its length'
    log({ at: 'ledger', fault, detail: String(error) })
    return null
  }
}
