// The jobs of each minute: bounded in time, and independent of each other.
import type { Log } from '../env.ts'
import { withTimeout } from '../store/timeout.ts'

/** A job of the cron. `maxMs`: how long the next one waits for it, in milliseconds. */
export type Job = { name: string; maxMs: number; run: () => Promise<void> }

/**
 * Runs jobs, one after the other. One that fails or does not end in its time is logged, and the next one starts; a late
 * one goes on beside it, so each must be safe beside itself. When the statements of the invocation are used up (50 on the
 * free plan), the jobs that are left wait for the next minute. Never throws.
 */
export async function runJobs(jobs: readonly Job[], log: Log): Promise<void> {
  for (const [i, { name, maxMs, run }] of jobs.entries()) {
    try {
      await withTimeout(run(), `the job ${name}`, maxMs)
    } catch (error) {
      if (isOutOfStatements(error)) {
        const left = jobs.slice(i).map(({ name }) => name)
        return log({
          at: 'cron',
          left,
          note: 'the statements of this run are used up; the next run goes on',
        })
      }
      log({ at: name, fault: String(error) })
    }
  }
}

/**
 * Puts the group whose turn it is first, and the others behind it in their order. So where the statements do not suffice
 * for all groups, each of them has whole runs. `time` in epoch milliseconds.
 */
export function inTurn(groups: readonly (readonly Job[])[], time: number): Job[] {
  const first = Math.floor(time / 60_000) % groups.length
  return [...groups.slice(first), ...groups.slice(0, first)].flat()
}

/** Whether D1 refused a statement since the invocation had made too many (1,000; 50 on the free plan). */
export function isOutOfStatements(error: unknown): boolean {
  return /too many (API requests|subrequests|queries) by single Worker invocation/i.test(
    String(error),
  )
}
