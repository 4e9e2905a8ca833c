// GET /metrics: the last snapshot in the Prometheus format, with the current state of each target and of the relay.
import { Hono } from 'hono/tiny'
import type { Config } from '../../config.ts'
import { formatMetrics, PROMETHEUS_TEXT } from '../../core/ledger/prometheus.ts'
import type { Env } from '../../env.ts'
import { readStatus } from '../../stages/operate/attention.ts'
import { listHealth } from '../../store/deliveries/targets.ts'
import { getSnapshot } from '../../store/ledger/snapshot.ts'
import { withTimeout } from '../../store/timeout.ts'
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
      const [log, status] = await Promise.all([
        readLog(c.env, config).catch((error) => {
          tools.log({ at: 'metrics', fault: 'the log could not be read', detail: String(error) })
          return []
        }),
        readStatus(c.env, config, tools),
      ])
      const families = [...log, ...ofRelay(status, config), ...ofSpill(status.spill)]
      return c.body(formatMetrics(families), 200, { 'content-type': PROMETHEUS_TEXT })
    })

  /** The figures of the log and the states of targets. Without them, the others say what is wrong with D1. */
  async function readLog({ DB }: Env, { targets }: Config) {
    const reading = Promise.all([getSnapshot(DB), listHealth(DB)])
    const [snapshot, healths] = await withTimeout(reading)
    return [...ofSnapshot(snapshot, tools.now()), stateFamily(targets, healths)]
  }
}

const Metrics = {
  summary: 'Figures of sources and targets, for Prometheus',
  details: 'Those of the last minute; gauges of what needs attention are current.',
  answers: { 200: 'Metrics in the Prometheus text format 0.0.4' },
}
