// GET /metrics: the last snapshot in the Prometheus format, with the current state of each target and of the relay.
import { Hono } from 'hono/tiny'
import { formatMetrics, PROMETHEUS_TEXT } from '../../core/ledger/prometheus.ts'
import type { Env } from '../../env.ts'
import { readStatus } from '../../stages/operate/attention.ts'
import { listHealth } from '../../store/deliveries/targets.ts'
import { getSnapshot } from '../../store/ledger/snapshot.ts'
import { tokenRequired } from '../access.ts'
import { describe } from '../operation.ts'
import type { ApiTools } from '../tools.ts'
import { ofSnapshot, stateFamily } from './log.ts'
import { ofRelay, ofSpill } from './relay.ts'

/** The route of `/metrics`, behind the bearer token. */
export function metrics({ configOf, ...tools }: ApiTools) {
  return new Hono<{ Bindings: Env }>()
    .use(tokenRequired(tools))
    .get('/', describe(Metrics), async (c) => {
      const config = configOf(c.env)
      const [snapshot, healths, status] = await Promise.all([
        getSnapshot(c.env.DB),
        listHealth(c.env.DB),
        readStatus(c.env, config, tools),
      ])
      const families = [
        ...ofSnapshot(snapshot, tools.now()),
        stateFamily(config.targets, healths),
        ...ofRelay(status, config),
        ...ofSpill(status.spill),
      ]
      return c.body(formatMetrics(families), 200, { 'content-type': PROMETHEUS_TEXT })
    })
}

const Metrics = {
  summary: 'Figures of sources and targets, for Prometheus',
  answers: { 200: 'Metrics in the Prometheus text format 0.0.4' },
}
