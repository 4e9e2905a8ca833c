// The targets: how they fare, and stopping and starting them.
import { type Context, Hono } from 'hono'
import * as v from 'valibot'
import { type Config, targetOf } from '../../config.ts'
import { HEALTHY, type Health } from '../../core/breaker.ts'
import { isBroken } from '../../core/target.ts'
import { formatInstant } from '../../core/time.ts'
import type { Env } from '../../env.ts'
import { steerTarget } from '../../stages/health.ts'
import { tryTarget } from '../../stages/try-target.ts'
import { listHealth } from '../../store/targets.ts'
import { describe } from '../operation.ts'
import { problem } from '../problems.ts'
import { Target, Tried } from './answers.ts'
import type { ApiTools } from './index.ts'

/** The routes of `/api/targets`. */
export function targets({ configOf, ...tools }: ApiTools) {
  return new Hono<{ Bindings: Env }>()
    .get(
      '/',
      describe({
        summary: 'The targets, and how they fare',
        answers: { 200: v.strictObject({ targets: v.array(Target) }) },
      }),
      async (c) => {
        const healths = await listHealth(c.env.DB)
        const { targets } = configOf(c.env)
        return c.json({ targets: targets.map((target) => shown(target, healths.get(target.name))) })
      },
    )
    .post(
      '/:name/pause',
      describe({
        summary: 'Hold what a target is owed',
        answers: { 200: Target },
        problems: [404],
      }),
      (c) => steer(c, c.req.param('name'), 'pause'),
    )
    .post(
      '/:name/resume',
      describe({
        summary: 'Send to a target again, whatever stopped that',
        answers: { 200: Target },
        problems: [404],
      }),
      (c) => steer(c, c.req.param('name'), 'resume'),
    )
    .post(
      '/:name/test',
      describe({
        summary: 'Send a test event to a target, whatever its state, and wait for its answer',
        details: 'It is tried once, and is marked `test`.',
        answers: { 200: Tried },
        problems: [404, 409],
      }),
      async (c) => {
        const target = targetOf(configOf(c.env), c.req.param('name'))
        if (target === undefined) return unknownTarget()
        if (isBroken(target))
          return problem(409, 'target-broken', `It is not configured completely: ${target.broken}.`)
        return c.json(await tryTarget(c.env, target, tools))
      },
    )

  async function steer(c: Context<{ Bindings: Env }>, name: string, wish: 'pause' | 'resume') {
    const config = configOf(c.env)
    const target = targetOf(config, name)
    if (target === undefined) return unknownTarget()
    return c.json(shown(target, await steerTarget(c.env, config, name, wish, tools)), 200)
  }
}

function unknownTarget() {
  return problem(404, 'unknown-target', 'There is no such target.')
}

/** A target as its operator sees it. Never its URL, which may be a secret. */
function shown(target: Config['targets'][number], health: Health = HEALTHY) {
  const { state, failures, failingSince, probeAt } = health
  const configured = isBroken(target) ? 'broken' : target.enabled ? state : 'disabled'
  return {
    name: target.name,
    state: configured,
    reason: isBroken(target) ? target.broken : null,
    failures,
    failing_since: failingSince === undefined ? null : formatInstant(failingSince),
    next_probe_at: probeAt === undefined ? null : formatInstant(probeAt),
  }
}
