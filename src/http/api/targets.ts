// The targets: how they fare, and stopping and starting them.
import { Hono } from 'hono'
import { type Config, targetOf } from '../../config.ts'
import { HEALTHY, type Health } from '../../core/breaker.ts'
import { isBroken } from '../../core/target.ts'
import { formatInstant } from '../../core/time.ts'
import type { Env } from '../../env.ts'
import { steerTarget } from '../../stages/health.ts'
import { listHealth } from '../../store/targets.ts'
import { problem } from '../problems.ts'
import type { ApiTools } from './index.ts'

/** The routes of `/api/targets`. */
export function targets({ configOf, ...tools }: ApiTools) {
  return new Hono<{ Bindings: Env }>()
    .get('/', async (c) => {
      const healths = await listHealth(c.env.DB)
      const { targets } = configOf(c.env)
      return c.json({ targets: targets.map((target) => shown(target, healths.get(target.name))) })
    })
    .post('/:name/:wish{pause|resume}', async (c) => {
      const { name, wish } = c.req.param()
      const config = configOf(c.env)
      const target = targetOf(config, name)
      if (target === undefined) return problem(404, 'unknown-target', 'There is no such target.')
      const health = await steerTarget(c.env, config, name, wish as 'pause' | 'resume', tools)
      return c.json(shown(target, health))
    })
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
