// Acts on replays by filter: previewing one, starting it, stopping and resuming it.

import type { ReplayFilter } from '../../../core/deliveries/replay.ts'
import { isReplayId, type ReplayId } from '../../../core/id.ts'
import { err, ok, type Result } from '../../../core/result.ts'
import type { Tools } from '../../../env.ts'
import type { ReplayPlan } from '../../../store/deliveries/replay-steps.ts'
import { getReplay } from '../../../store/deliveries/replays.ts'
import {
  planFor,
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

/** Stops a replay; what it has already made due is still sent. Refuses an unknown replay and one that is done. */
export function stopReplay(
  operator: Operator,
  id: string,
  tools: Tools,
): Promise<Result<ReplayId, Refusal>> {
  return setReplayState(operator, id, 'stopped', tools)
}

/** Resumes a replay that was stopped. Refuses an unknown replay and one that is done. */
export function resumeReplay(
  operator: Operator,
  id: string,
  tools: Tools,
): Promise<Result<ReplayId, Refusal>> {
  return setReplayState(operator, id, 'running', tools)
}

async function setReplayState(
  operator: Operator,
  id: string,
  state: 'stopped' | 'running',
  tools: Tools,
): Promise<Result<ReplayId, Refusal>> {
  const { env, config } = operator
  const replay = isReplayId(id) ? await getReplay(env.DB, id) : undefined
  if (replay === undefined) return err({ kind: 'unknown_replay' })
  const isDone = !(await setReplayTo(env, config, replay, state, tools))
  if (isDone) return err({ kind: 'replay_done' })
  const act = state === 'stopped' ? 'stopped a replay' : 'resumed a replay'
  await audit(operator, act, replay.id, tools)
  return ok(replay.id)
}
