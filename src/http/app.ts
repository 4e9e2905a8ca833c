// Every route on one page.
import { toJsonSchema } from '@valibot/to-json-schema'
import { Hono } from 'hono'
import type { Config } from '../config.ts'
import { SCHEMA_VERSION } from '../core/event.ts'
import { EVENT_DATA, type EventType } from '../core/vocabulary.ts'
import type { Env } from '../env.ts'
import { isAnswering } from '../store/events.ts'
import { withinTimeout } from '../store/within.ts'
import { createApi } from './api/index.ts'
import { intake } from './intake.ts'
import { problem } from './problems.ts'
import type { Tools } from './tools.ts'

/** The HTTP side of the relay. `configOf` gives the configuration of an environment. */
export function createApp(configOf: (env: Env) => Config, tools: Tools) {
  return new Hono<{ Bindings: Env }>()
    .all('/in/:source', (c) =>
      intake(c.req.raw, c.req.param('source'), c.env, configOf(c.env), tools),
    )
    .get('/healthz', async (c) => {
      const isHealthy = await withinTimeout(isAnswering(c.env.DB)).catch(() => false)
      return isHealthy ? c.json({ status: 'ok' }) : problem(503, 'unhealthy', 'D1 does not answer.')
    })
    .get('/schemas/:type/:version', (c) => {
      const { type, version } = c.req.param()
      if (!Object.hasOwn(EVENT_DATA, type) || version !== String(SCHEMA_VERSION))
        return c.notFound()
      const schema = toJsonSchema(EVENT_DATA[type as EventType], { errorMode: 'ignore' })
      return c.json({ ...schema, title: type }, 200, { 'content-type': 'application/schema+json' })
    })
    .route('/api', createApi({ ...tools, configOf }))
    .notFound(() => problem(404, 'not-found', 'There is nothing here.'))
    .onError((error, c) => {
      tools.log({ at: 'http', path: c.req.routePath, fault: error.name, detail: error.message })
      return problem(500, 'fault', 'Something broke on our side. It is in the log.')
    })
}
