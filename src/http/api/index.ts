// The API for operators and programs: JSON, behind the bearer token.
import { Hono } from 'hono/tiny'
import type { Env } from '../../env.ts'
import { tokenRequired } from '../access.ts'
import { idempotent } from '../idempotency.ts'
import type { ApiTools } from '../tools.ts'
import { deliveries } from './deliveries/deliveries.ts'
import { replays } from './deliveries/replays.ts'
import { targets } from './deliveries/targets.ts'
import { events } from './events/events.ts'
import { people } from './events/people.ts'
import { attention } from './ledger/attention.ts'
import { exportation, importation } from './ledger/backup.ts'
import { drift } from './ledger/drift.ts'
import { ledger } from './ledger/ledger.ts'
import { sources } from './ledger/sources.ts'
import { erasures } from './operate/erasures.ts'
import { quarantine } from './operate/quarantine.ts'
import { renormalization } from './operate/renormalize.ts'
import { simulation } from './operate/simulate.ts'

/** Every route under `/api`. */
export function createApi(tools: ApiTools) {
  return new Hono<{ Bindings: Env }>()
    .use(tokenRequired(tools))
    .use(idempotent(tools))
    .route('/events', events(tools))
    .route('/deliveries', deliveries(tools))
    .route('/sources', sources(tools))
    .route('/targets', targets(tools))
    .route('/attention', attention(tools))
    .route('/ledger', ledger(tools))
    .route('/drift', drift(tools))
    .route('/replays', replays(tools))
    .route('/people', erasures(tools))
    .route('/people', people(tools))
    .route('/quarantine', quarantine(tools))
    .route('/renormalize', renormalization(tools))
    .route('/simulate', simulation(tools))
    .route('/export', exportation(tools))
    .route('/import', importation(tools))
}
