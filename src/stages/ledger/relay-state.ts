// cron → the heartbeat: that a run has ended, and how large the database is. The last of its jobs.
import type { Config } from '../../config.ts'
import { stateAfterRun } from '../../core/ledger/database.ts'
import type { Env, Tools } from '../../env.ts'
import { readRelayState, writeRelayState } from '../../store/ledger/relay-state.ts'

/** Notes that a run of the cron ends. Writes one row every five minutes, and when the size has changed by 1 % of the limit. */
export async function noteRun(
  env: Pick<Env, 'DB'>,
  { databaseBytes }: Pick<Config, 'databaseBytes'>,
  { now, log }: Tools,
): Promise<void> {
  const { state, bytes } = await readRelayState(env.DB)
  const next = stateAfterRun(state, bytes, databaseBytes, now())
  if (next === undefined) return
  await writeRelayState(env.DB, next)
  if (next.isShortOfSpace === state.isShortOfSpace) return
  log({ at: 'database', bytes, limit: databaseBytes, short_of_space: next.isShortOfSpace })
}
