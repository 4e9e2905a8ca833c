// cron → what needs attention is told to targets: an event when it opens, and one when it is over.
import type { Config } from '../../config.ts'
import { type Change, changesOf } from '../../core/operate/issues.ts'
import type { Env, Tools } from '../../env.ts'
import { listIssues, restoreIssue, writeIssue } from '../../store/operate/issues.ts'
import { recordSystemEvent } from '../deliveries/system-events.ts'
import { readStatus } from './attention.ts'

const MINUTE_MS = 60_000

/** The status reads more than the other jobs of a minute, so it is read in one of five. */
const EVERY_MINUTES = 5

/** Whether issues are told in the minute of a time (epoch milliseconds). */
export function isToldAt(time: number): boolean {
  return Math.floor(time / MINUTE_MS) % EVERY_MINUTES === 0
}

/** Runs once, in one minute of five. Safe to run twice, or beside itself: each change is told once. */
export async function tellIssues(
  env: Pick<Env, 'DB' | 'RETRIES' | 'SPILL'>,
  config: Config,
  tools: Tools,
): Promise<void> {
  const now = tools.now()
  if (!isToldAt(now)) return
  const { attention, isComplete } = await readStatus(env, config, tools)
  const changes = changesOf(attention, await listIssues(env.DB), isComplete, now)
  for (const change of changes) await tell(env, config, change, tools)
}

/** Writes first, so that of two runs only one tells it; what cannot be told is taken back, and told by the next run. */
async function tell(
  env: Pick<Env, 'DB' | 'RETRIES'>,
  config: Config,
  { issue, before, event }: Change,
  tools: Tools,
): Promise<void> {
  if (!(await writeIssue(env.DB, issue, before?.toldAt))) return
  const { cause, name, isOpen, words } = issue
  tools.log({ at: 'issue', cause, name: name || undefined, open: isOpen, words })
  try {
    await recordSystemEvent(env, config, event, tools)
  } catch (error) {
    await restoreIssue(env.DB, issue, before)
    throw error
  }
}
