// `/console`: the overview.
import { Hono } from 'hono/tiny'
import {
  Overview,
  PERIODS,
  type PeriodName,
  type SourceArrivals,
} from '../../../console/ledger/overview.tsx'
import { RELAY_SOURCE } from '../../../core/events/system-event.ts'
import { HOUR_MS, parseTime } from '../../../core/period.ts'
import type { Env } from '../../../env.ts'
import { readStatus } from '../../../stages/operate/attention.ts'
import { type ReceivedCount, readReceivedByOutcome } from '../../../store/ledger/statistics.ts'
import { readTargetViews } from '../../api/deliveries/targets.ts'
import { instant } from '../../api/fields.ts'
import { statusView } from '../../api/ledger/attention.ts'
import { readLedger } from '../../api/ledger/ledger.ts'
import { sourceViews } from '../../api/ledger/sources.ts'
import type { ApiTools } from '../../tools.ts'
import { show } from '../frame.ts'
import type { ConsoleEnv } from '../session.ts'

/** The route of the overview. */
export function overview({ configOf, now, log }: ApiTools) {
  return new Hono<ConsoleEnv>().get('/', async (c) => {
    const config = configOf(c.env)
    const present = now()
    const name = c.req.query('period')
    const period: PeriodName = PERIODS.find((one) => one === name) ?? '24h'
    const since = parseTime(period, present) ?? present
    const firstHour = Math.floor(since / HOUR_MS) + 1
    const reading = readFigures(c.env, new URL(c.req.url).origin, { firstHour, present })
    const [status, figures] = await Promise.all([
      readStatus(c.env, config, { now, log }),
      // What could not be read is among what needs attention.
      reading.catch((error) => {
        log({ at: 'console', fault: 'the figures could not be read', detail: String(error) })
        return undefined
      }),
    ])
    const { attention, ...relay } = statusView(status)
    return show(c, 'Overview', <Overview {...{ period, attention, relay, figures }} />)
  })

  async function readFigures(
    env: Env,
    origin: string,
    { firstHour, present }: { firstHour: number; present: number },
  ) {
    const { DB } = env
    const config = configOf(env)
    const [ledger, arrivals, { targets, snapshot }] = await Promise.all([
      readLedger(env, { since: firstHour * HOUR_MS, until: present + 1 }, { now, log }),
      readReceivedByOutcome(DB, firstHour),
      readTargetViews(DB, config),
    ])
    return {
      ledger,
      arrivals: bySource(arrivals, firstHour, Math.floor(present / HOUR_MS)),
      sources: sourceViews(config, snapshot, origin, present),
      targets,
      asOf: instant(snapshot?.asOf),
    }
  }
}

/** The events of vendors by source and status, for each hour from the first to the last. */
function bySource(
  arrivals: readonly ReceivedCount[],
  first: number,
  last: number,
): SourceArrivals[] {
  const none = () => Array.from({ length: last - first + 1 }, () => 0)
  const sources = new Map<string, Record<string, number[]>>()
  for (const { source, hour, outcome, count } of arrivals) {
    if (source === RELAY_SOURCE) continue
    const counts = sources.get(source) ?? {}
    sources.set(source, counts)
    const hours = counts[outcome] ?? none()
    counts[outcome] = hours
    if (hour <= last) hours[hour - first] = (hours[hour - first] ?? 0) + count
  }
  return [...sources]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([source, counts]) => ({ source, counts }))
}
