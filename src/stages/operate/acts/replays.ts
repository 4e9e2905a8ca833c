// Acts on replays by filter: previewing one, starting it, stopping and resuming it.

import type { ReplayFilter } from '../../../core/deliveries/replay.ts'
import { isReplayId, type ReplayId } from '../../../core/id.ts'
import { err, ok, type Result } from '../../../core/result.ts'
import type { Tools } from '../../../env.ts'
import { getReplay } from '../../../store/deliveries/replays/replays.ts'
import {
  planFor,
  type ReplayPlan,
  setReplayTo,
  startReplay as startReplayOf,
  unknownTargets,
} from '../../deliveries/replay.ts'
import { audit, type Operator, type Refusal } from './audit.ts'

/** How many deliveries a filter matches, by target, type and state. Refuses an unknown target. Changes nothing. */
export async function previewReplay(
  { env, config }: Operator,
  filter: ReplayFilter,
  tools: Tools,
): Promise<Result<ReplayPlan, Refusal>> {
  const names = unknownTargets(filter, config)
  if (names.length > 0) return err({ kind: 'unknown_target', names })
  return ok(await planFor(env, config, filter, tools.now()))
}

/** Starts a replay, `perSecond` deliveries a second. Refuses an unknown target. */
export async function startReplay(
  operator: Operator,
  filter: ReplayFilter,
  perSecond: number,
  tools: Tools,
): Promise<Result<{ id: ReplayId; plan: ReplayPlan }, Refusal>> {
  const { env, config } = operator
  const names = unknownTargets(filter, config)
  if (names.length > 0) return err({ kind: 'unknown_target', names })
  const started = await startReplayOf(env, config, filter, perSecond, tools)
  await audit(operator, 'started a replay', `${started.id} of ${started.plan.total}`, tools)
  return ok(started)
}

/**
 * Stops a replay, of which the deliveries that are due are still sent, or resumes it. Refuses an unknown replay and one
 * that is done.
 */
export async function changeReplay(
  operator: Operator,
  id: string,
  action: 'stop' | 'resume',
  tools: Tools,
): Promise<Result<ReplayId, Refusal>> {
  const { env, config } = operator
  const replay = isReplayId(id) ? await getReplay(env.DB, id) : undefined
  if (replay === undefined) return err({ kind: 'unknown_replay' })
  const state = action === 'stop' ? 'stopped' : 'running'
  if (!(await setReplayTo(env, config, replay, state, tools))) return err({ kind: 'replay_done' })
  const act = action === 'stop' ? 'stopped a replay' : 'resumed a replay'
  await audit(operator, act, replay.id, tools)
  return ok(replay.id)
}
