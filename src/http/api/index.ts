// The API for operators and programs: JSON behind the bearer token.
import { Hono } from 'hono/tiny'
import type { Env } from '../../env.ts'
import { tokenRequired } from '../access.ts'
import { idempotent } from '../idempotency.ts'
import type { ApiTools } from '../tools.ts'
import { deliveries } from './deliveries.ts'
import { drift } from './drift.ts'
import { events } from './events.ts'
import { ledger } from './ledger.ts'
import { people } from './people.ts'
import { quarantine } from './quarantine.ts'
import { renormalization } from './renormalize.ts'
import { replays } from './replays.ts'
import { simulation } from './simulate.ts'
import { sources } from './sources.ts'
import { targets } from './targets.ts'

/** Every route under `/api`. */
export function createApi(tools: ApiTools) {
  return new Hono<{ Bindings: Env }>()
    .use(tokenRequired)
    .use(idempotent(tools))
    .route('/events', events(tools))
    .route('/deliveries', deliveries(tools))
    .route('/sources', sources(tools))
    .route('/targets', targets(tools))
    .route('/ledger', ledger(tools))
    .route('/drift', drift(tools))
    .route('/replays', replays(tools))
    .route('/people', people(tools))
    .route('/quarantine', quarantine(tools))
    .route('/renormalize', renormalization(tools))
    .route('/simulate', simulation(tools))
}
