// Acts on targets: pausing, resuming and testing one.

import { type Config, targetOf } from '../../../config.ts'
import type { Health } from '../../../core/deliveries/breaker.ts'
import { isBroken } from '../../../core/deliveries/target.ts'
import { err, ok, type Result } from '../../../core/result.ts'
import type { Tools } from '../../../env.ts'
import { setTargetState } from '../../deliveries/health.ts'
import { type TestResult, testTarget } from '../test-target.ts'
import { audit, type Operator, type Refusal } from './audit.ts'

/** A target, and its health after an act. */
type TargetChange = { target: Config['targets'][number]; health: Health }

/**
 * Pauses a target, so that its deliveries are held, or resumes it, whatever stopped it: held deliveries are sent within a
 * minute. Refuses an unknown target.
 */
export async function changeTarget(
  operator: Operator,
  name: string,
  action: 'pause' | 'resume',
  tools: Tools,
): Promise<Result<TargetChange, Refusal>> {
  const { env, config } = operator
  const target = targetOf(config, name)
  if (target === undefined) return err({ kind: 'unknown_target', names: [name] })
  const health = await setTargetState(env, config, name, action, tools)
  await audit(operator, action === 'pause' ? 'paused a target' : 'resumed a target', name, tools)
  return ok({ target, health })
}

/** Sends a test event to a target and waits for the response. Refuses an unknown target and a broken one. */
export async function sendTestEvent(
  operator: Operator,
  name: string,
  tools: Tools,
): Promise<Result<TestResult, Refusal>> {
  const target = targetOf(operator.config, name)
  if (target === undefined) return err({ kind: 'unknown_target', names: [name] })
  if (isBroken(target)) return err({ kind: 'target_broken', name, reason: target.broken })
  const tried = await testTarget(operator.env, target, tools)
  await audit(operator, 'tested a target', name, tools)
  return ok(tried)
}
