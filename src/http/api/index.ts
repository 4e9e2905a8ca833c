// The API for operators and programs: JSON behind the bearer token.
import { Hono, type MiddlewareHandler } from 'hono'
import type { Config } from '../../config.ts'
import { equalSecrets } from '../../core/signature.ts'
import type { Env } from '../../env.ts'
import { problem } from '../problems.ts'
import type { Tools } from '../tools.ts'
import { drift } from './drift.ts'
import { events } from './events.ts'
import { ledger } from './ledger.ts'
import { people } from './people.ts'
import { quarantine } from './quarantine.ts'
import { renormalization } from './renormalize.ts'
import { replays } from './replays.ts'
import { targets } from './targets.ts'

/** What the routes of the API need: the configuration of an environment, and what the edge alone may touch. */
export type ApiTools = Tools & { configOf: (env: Env) => Config }

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

/** Every route under `/api`. */
export function createApi(tools: ApiTools) {
  return new Hono<{ Bindings: Env }>()
    .use(authenticate)
    .route('/events', events(tools))
    .route('/targets', targets(tools))
    .route('/ledger', ledger(tools))
    .route('/drift', drift(tools))
    .route('/replays', replays(tools))
    .route('/people', people(tools))
    .route('/quarantine', quarantine(tools))
    .route('/renormalize', renormalization(tools))
}
