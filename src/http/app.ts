// Every route on one page.
/// <reference path="../console/text-modules.d.ts" />
import type { Context } from 'hono'
import { Hono } from 'hono/tiny'
import * as v from 'valibot'
import type { Config } from '../config.ts'
import DOCS_STYLE from '../console/assets/docs.css'
import { type ApiDocument, docsPage } from '../console/docs.tsx'
import type { Env, Tools } from '../env.ts'
import { createApi } from './api/index.ts'
import { createConsole } from './console/index.ts'
import { protectiveHeaders } from './headers.ts'
import { Healthz, healthz } from './healthz.ts'
import { Intake, intake } from './intake.ts'
import { metrics } from './metrics/index.ts'
import { openApiOf, routesOf } from './openapi/document.ts'
import type { Json } from './openapi/schema.ts'
import { describe } from './operation.ts'
import { problem } from './problems.ts'
import { dataSchema } from './schemas.ts'

/** The HTTP side of the relay. `configOf` returns the configuration of an environment. */
export function createApp(configOf: (env: Env) => Config, tools: Tools) {
  const receive = (c: Context<{ Bindings: Env }, '/in/:source'>) =>
    intake(c.req.raw, c.req.param('source'), c.env, configOf(c.env), tools)
  const app = new Hono<{ Bindings: Env }>()
    .use(protectiveHeaders)
    .use(async (c, next) => {
      await next()
      if (!c.res.headers.has('cache-control')) c.header('cache-control', 'no-store')
    })
    // Only POST is in the OpenAPI document; intake itself refuses all other methods.
    .post('/in/:source', describe(Intake), receive)
    .all('/in/:source', receive)
    .get('/healthz', Healthz, (c) => healthz(c, configOf(c.env)))
    .get(
      '/schemas/:type/:version',
      describe({
        summary: 'The JSON Schema of the `data` of an event type',
        details:
          'Events name it in `dataschema`. A version never changes in a way that a receiver would notice.',
        isPublic: true,
        answers: { 200: v.record(v.string(), v.unknown()) },
        type: 'application/schema+json',
        problems: [404],
      }),
      (c) => {
        const { type, version } = c.req.param()
        const schema = dataSchema(type, version, new URL(c.req.url).origin)
        if (schema === undefined) return notFound()
        return c.json(schema, 200, { 'content-type': 'application/schema+json' })
      },
    )
    .route('/api', createApi({ ...tools, configOf }))
    .route('/metrics', metrics({ ...tools, configOf }))
    .notFound((c) => {
      const allowed = methodsOf(app, c.req.path)
      return allowed.length === 0
        ? notFound()
        : problem(405, 'method-not-allowed', `Use ${allowed.join(' or ')}.`, {
            allow: allowed.join(', '),
          })
    })
    .onError((error, c) => {
      // Cloudflare adds the id of the request to the log line and to the answer (`cf-ray`).
      tools.log({ at: 'http', path: c.req.routePath, fault: error.name, detail: error.message })
      return problem(500, 'fault', 'Internal error. It was logged.')
    })
  const routes = routesOf(app)
  let api: Json | undefined
  const document = () => {
    api ??= openApiOf(routes) // on demand: it would take half of the start-up time, for two rarely used routes
    return api
  }
  app.get('/openapi.json', (c) => c.json(document()))
  app.get('/docs', (c) => c.html(docsPage(document() as ApiDocument)))
  app.get('/docs.css', (c) =>
    c.body(DOCS_STYLE, 200, { 'content-type': 'text/css; charset=utf-8' }),
  )
  app.route('/console', createConsole({ ...tools, configOf }))
  return app
}

/** The type of the app, from which `hc` of Hono derives its client. */
export type AppType = ReturnType<typeof createApp>

const METHODS = ['GET', 'POST']

/** The methods that a path has handlers for. */
function methodsOf({ router }: Pick<Hono, 'router'>, path: string): string[] {
  return METHODS.filter((method) => {
    const [handlers] = router.match(method, path)
    // Middleware matches every path: skip it.
    return handlers.some(([[, { method: of }]]) => of === method)
  })
}

function notFound() {
  return problem(404, 'not-found', 'No such route.')
}
