// cron → the figures of sources and targets, in one row: API, metrics and console read that instead of the log.

import type { Config } from '../../config.ts'
import { HOURS_A_WEEK, RHYTHM_WEEKS, type Rhythm, rhythmOf } from '../../core/ledger/rhythm.ts'
import { composeSnapshot, firstHourOfDay } from '../../core/ledger/snapshot.ts'
import { dayBefore, OVERDUE_MS } from '../../core/ledger/trouble.ts'
import { targetsToRead, withTroubles } from '../../core/ledger/with-troubles.ts'
import { HOUR_MS } from '../../core/period.ts'
import type { Env, Tools } from '../../env.ts'
import { listRefusals } from '../../store/ledger/refusals.ts'
import {
  getSnapshot,
  listDead,
  listOldestWaiting,
  type StoredSnapshot,
  storeSnapshot,
} from '../../store/ledger/snapshot.ts'
import { readReceivedBySource, readStatistics } from '../../store/ledger/statistics.ts'

/** Runs once. Safe to run twice, or beside itself. Writes nothing when nothing has changed. */
export async function takeSnapshot(
  env: Pick<Env, 'DB'>,
  config: Config,
  tools: Tools,
): Promise<void> {
  const now = tools.now()
  const known = await getSnapshot(env.DB)
  const figures = await readStatistics(env.DB, firstHourOfDay(now))
  const targets = config.targets.map(({ name }) => name)
  const waiting = await listOldestWaiting(env.DB, now - OVERDUE_MS)
  const setting = {
    sources: [...config.sources.keys()],
    targets,
    waiting,
    rhythms: await rhythmsFor(env.DB, known, now),
    refusals: await listRefusals(env.DB, dayBefore(now)),
  }
  const snapshot = composeSnapshot(figures, setting, now)
  const outdated = targetsToRead(snapshot, known)
  const dead = outdated.length === 0 ? new Map() : await listDead(env.DB, outdated, dayBefore(now))
  const troubles = withTroubles(snapshot, known, { waiting, dead, configured: targets })
  await storeSnapshot(env.DB, troubles, now)
}

/** The rhythm of each source before this hour. It is computed once an hour. */
async function rhythmsFor(
  db: D1Database,
  known: StoredSnapshot | undefined,
  now: number,
): Promise<Map<string, Rhythm>> {
  const hour = Math.floor(now / HOUR_MS)
  if (known?.hour === hour) return new Map(known.sources.map(({ name, rhythm }) => [name, rhythm]))
  const received = await readReceivedBySource(db, hour - RHYTHM_WEEKS * HOURS_A_WEEK, hour)
  return new Map([...received].map(([name, counts]) => [name, rhythmOf(counts, hour)]))
}
