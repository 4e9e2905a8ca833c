// `/console`: the overview.
import { Hono } from 'hono/tiny'
import { unreadableTexts } from '../../../config.ts'
import {
  Overview,
  PERIODS,
  type PeriodName,
  type SourceArrivals,
} from '../../../console/ledger/overview.tsx'
import { RELAY_SOURCE } from '../../../core/events/system-event.ts'
import { attentionOf } from '../../../core/operate/attention.ts'
import { HOUR_MS, parseTime } from '../../../core/period.ts'
import { type ReceivedCount, readReceivedByOutcome } from '../../../store/ledger/statistics.ts'
import { listCauses } from '../../../store/operate/quarantine.ts'
import { readTargetViews } from '../../api/deliveries/targets.ts'
import { instant } from '../../api/fields.ts'
import { readLedger } from '../../api/ledger/ledger.ts'
import { sourceViews } from '../../api/ledger/sources.ts'
import type { ApiTools } from '../../tools.ts'
import { show } from '../frame.ts'
import type { ConsoleEnv } from '../session.ts'

const MAX_CAUSES = 200

/** The route of the overview. */
export function overview({ configOf, now, log }: ApiTools) {
  return new Hono<ConsoleEnv>().get('/', async (c) => {
    const { DB } = c.env
    const config = configOf(c.env)
    const present = now()
    const name = c.req.query('period')
    const period: PeriodName = PERIODS.find((one) => one === name) ?? '24h'
    const since = parseTime(period, present) ?? present
    const firstHour = Math.floor(since / HOUR_MS) + 1
    const [ledger, arrivals, { targets, snapshot }, quarantined] = await Promise.all([
      readLedger(c.env, { since: firstHour * HOUR_MS, until: present + 1 }, { now, log }),
      readReceivedByOutcome(DB, firstHour),
      readTargetViews(DB, config),
      listCauses(DB, { limit: MAX_CAUSES }),
    ])
    const sources = sourceViews(config, snapshot, new URL(c.req.url).origin, present)
    const { items: causes, next } = quarantined
    const unreadable = [
      ...unreadableTexts(config, 'sources'),
      ...unreadableTexts(config, 'targets'),
    ]
    const areMoreCauses = next !== undefined
    const status = { unreadable, targets, sources, causes, areMoreCauses, ledger }
    return show(
      c,
      'Overview',
      <Overview
        period={period}
        attention={attentionOf(status, present)}
        ledger={ledger}
        arrivals={bySource(arrivals, firstHour, Math.floor(present / HOUR_MS))}
        sources={sources}
        targets={targets}
        asOf={instant(snapshot?.asOf)}
      />,
    )
  })
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
