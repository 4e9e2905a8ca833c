// The API for operators and programs: JSON behind the bearer token.
import { Hono, type MiddlewareHandler } from 'hono'
import * as v from 'valibot'
import { type Config, targetOf } from '../config.ts'
import { HEALTHY, type Health } from '../core/breaker.ts'
import { isEventId } from '../core/id.ts'
import { equalSecrets } from '../core/signature.ts'
import { isBroken } from '../core/target.ts'
import { formatInstant } from '../core/time.ts'
import type { Env } from '../env.ts'
import { steerTarget } from '../stages/health.ts'
import { sendAll } from '../stages/sending.ts'
import { getEvent, listEvents } from '../store/events.ts'
import { EVENT_STATUSES } from '../store/records.ts'
import { replayEvent } from '../store/replay.ts'
import { listHealth } from '../store/targets.ts'
import { problem } from './problems.ts'
import type { Tools } from './tools.ts'

const MAX_LIMIT = 200

const ListQuery = v.object({
  limit: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^\d+$/, 'must be a whole number'),
      v.transform(Number),
      v.minValue(1, 'must be at least 1'),
      v.maxValue(MAX_LIMIT, `must be at most ${MAX_LIMIT}`),
    ),
    '50',
  ),
  before: v.optional(
    v.custom<`evt_${string}`>((id) => isEventId(String(id)), 'must be an event id'),
  ),
  status: v.optional(v.picklist(EVENT_STATUSES, `must be one of ${EVENT_STATUSES.join(', ')}`)),
  unrouted: v.optional(
    v.pipe(
      v.picklist(['true', 'false'], 'must be true or false'),
      v.transform((text) => text === 'true'),
    ),
    'false',
  ),
})

const ReplayBody = v.object({
  targets: v.optional(v.array(v.string())),
  dry_run: v.optional(v.boolean(), false),
})

/** Lets the operator's token through, compared in constant time; without one set, nobody. */
const authenticate: MiddlewareHandler<{ Bindings: Env }> = async (c, next) => {
  const token = c.env.ADMIN_TOKEN
  if (!token) {
    const remedy = 'ADMIN_TOKEN is not set: run "npx wrangler secret put ADMIN_TOKEN".'
    return problem(503, 'no-admin-token', remedy)
  }
  const [, shown = ''] = /^Bearer (.+)$/i.exec(c.req.header('authorization') ?? '') ?? []
  if (await equalSecrets(shown, token)) return next()
  return problem(401, 'not-authorized', 'Send "Authorization: Bearer" with the ADMIN_TOKEN.', {
    'www-authenticate': 'Bearer realm="membership-relay"',
  })
}

/** The API over an environment's configuration. */
export function createApi(configOf: (env: Env) => Config, tools: Tools) {
  return new Hono<{ Bindings: Env }>()
    .use(authenticate)
    .get('/events', async (c) => {
      const query = v.safeParse(ListQuery, c.req.query())
      if (!query.success) {
        const [issue] = query.issues
        return problem(400, 'bad-query', `${v.getDotPath(issue)} ${issue.message}.`)
      }
      const { limit, ...filter } = query.output
      const events = await listEvents(c.env.DB, { limit, ...filter })
      const next = events.length === limit ? (events.at(-1)?.id ?? null) : null
      return c.json({ events, next })
    })
    .get('/events/:id', async (c) => {
      const id = c.req.param('id')
      const event = isEventId(id) ? await getEvent(c.env.DB, id) : undefined
      if (event === undefined) return problem(404, 'unknown-event', 'There is no event of this id.')
      return c.json(event)
    })
    .post('/events/:id/replay', async (c) => {
      const id = c.req.param('id')
      const event = isEventId(id) ? await getEvent(c.env.DB, id) : undefined
      if (event === undefined) return problem(404, 'unknown-event', 'There is no event of this id.')
      if (event.status !== 'accepted') {
        return problem(409, 'not-replayable', `An event that is ${event.status} cannot be sent.`)
      }
      const body = v.safeParse(ReplayBody, await c.req.json().catch(() => ({})))
      if (!body.success) return problem(400, 'bad-body', 'targets must be a list of target names.')
      const known = configOf(c.env).targets.map(({ name }) => name)
      const wanted = body.output.targets ?? event.deliveries.map(({ target }) => target)
      const unknown = wanted.filter((name) => !known.includes(name))
      if (body.output.targets && unknown.length > 0) {
        return problem(404, 'unknown-target', `There is no target ${unknown.join(', ')}.`)
      }
      const targets = wanted.filter((name) => known.includes(name))
      if (body.output.dry_run) return c.json({ id, targets, replayed: [] })
      const messages = await replayEvent(c.env.DB, event.id, targets, tools.now())
      await sendAll(c.env.RETRIES, messages, tools.now())
      return c.json({ id, targets, replayed: messages.map(({ target }) => target) })
    })
    .get('/targets', async (c) => {
      const healths = await listHealth(c.env.DB)
      const { targets } = configOf(c.env)
      return c.json({ targets: targets.map((target) => shown(target, healths.get(target.name))) })
    })
    .post('/targets/:name/:wish{pause|resume}', async (c) => {
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
