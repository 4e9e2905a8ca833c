// The overview: problems, the ledger, arrivals per hour, and the figures of sources and targets.

import { DELIVERY_STATES } from '../../core/deliveries/delivery.ts'
import { RECEIVED_STATUSES } from '../../core/events/event.ts'
import type { Attention } from '../../core/operate/attention/entry.ts'
import { LAST_RUN, type RelayView, relayLines } from '../../core/operate/relay-lines.ts'
import { pluralize } from '../../core/text.ts'
import { Empty, sum, Time, toneOf } from '../components.tsx'
import { Sources, Targets } from '../deliveries/health.tsx'
import { Live } from '../live.tsx'
import type { LedgerView, SourceView, TargetView } from '../views.ts'
import { Bar, BarChart } from './chart.tsx'

/** The periods of the overview, and their names. */
export const PERIODS = ['24h', '7d', '30d'] as const
export type PeriodName = (typeof PERIODS)[number]

/** The events of a source in each hour of the period, by status. */
export type SourceArrivals = { source: string; counts: Record<string, readonly number[]> }

/** What the log says. Undefined when D1 does not answer. */
type Figures = {
  ledger: LedgerView
  arrivals: readonly SourceArrivals[]
  sources: readonly SourceView[]
  targets: readonly TargetView[]
  asOf: string | null
}

type OverviewView = {
  period: PeriodName
  attention: readonly Attention[]
  relay: RelayView
  figures: Figures | undefined
}

/** The page. */
export function Overview({ period, attention, relay, figures }: OverviewView) {
  return (
    <Live id="overview" url={`/console?period=${period}`} seconds={30}>
      <section aria-label="Needs attention">
        <AttentionList attention={attention} />
      </section>
      <nav aria-label="Period">
        <ul class="acts">
          {PERIODS.map((one) => (
            <li>
              <a href={`/console?period=${one}`} aria-current={one === period ? 'true' : undefined}>
                {one}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      {figures === undefined ? null : <FiguresOf {...{ period, figures }} />}
      <section id="relay">
        <h2>Relay</h2>
        <dl>
          {relayLines(relay).map(([name, line]) => (
            <>
              <dt>{name}</dt>
              <dd>{name === LAST_RUN ? <Time at={relay.cron.last_run} /> : line}</dd>
            </>
          ))}
        </dl>
      </section>
      <p class="quiet">
        {figures === undefined ? (
          'The figures could not be read. '
        ) : figures.asOf === null ? (
          'Figures appear within a minute. '
        ) : (
          <>
            Updated <Time at={figures.asOf} />. Test events are not counted for sources.{' '}
          </>
        )}
        All times are UTC.
      </p>
    </Live>
  )
}

function FiguresOf({ period, figures }: { period: PeriodName; figures: Figures }) {
  return (
    <>
      <div class="pair">
        <Accounting period={period} ledger={figures.ledger} />
        <section>
          <h2>Events per hour</h2>
          <ReceivedCount arrivals={figures.arrivals} />
        </section>
      </div>
      <section>
        <h2>Sources</h2>
        <Sources sources={figures.sources} />
      </section>
      <section>
        <h2>Targets</h2>
        <Targets targets={figures.targets} />
      </section>
    </>
  )
}

const PAGE_OF: Record<Attention['about'], (name: string | null) => string> = {
  target: (name) => `/console/targets#${name}`,
  source: () => '/console/set-up',
  quarantine: () => '/console/quarantine',
  ledger: () => '/console#funnel',
  spill: () => '/console#funnel',
  relay: () => '/console#relay',
}

function AttentionList({ attention }: { attention: readonly Attention[] }) {
  if (attention.length === 0) return <p class="notice">Nothing needs attention.</p>
  return (
    <ul class="attention">
      {attention.map(({ about, name, words }) => (
        <li>
          <a href={PAGE_OF[about](name)}>{words}</a>
        </li>
      ))}
    </ul>
  )
}

const PERIOD_NAMES: Record<PeriodName, string> = { '24h': '24 h', '7d': '7 days', '30d': '30 days' }

function Accounting({ period, ledger }: { period: PeriodName; ledger: LedgerView }) {
  const { sources, targets, differences } = ledger
  const received = sum(sources.map((line) => line.received))
  const created = sum(targets.map((line) => line.created))
  const inferred = sum(sources.map(({ inferred }) => inferred))
  const whole = Math.max(received + inferred, created)
  const line = (name: string, count: number) => (
    <li>
      <span>{name}</span>
      <span class="number">{count}</span>
      <Bar part={count} of={whole} tone={toneOf(name)} />
    </li>
  )
  return (
    <section id="funnel">
      <h2>Accounting (last {PERIOD_NAMES[period]})</h2>
      <ul class="funnel">
        {line('received', received)}
        {RECEIVED_STATUSES.map((status) => line(status, sum(sources.map((one) => one[status]))))}
        {line('inferred events', inferred)}
        {line('deliveries created', created)}
        {DELIVERY_STATES.map((state) => line(state, sum(targets.map((one) => one[state]))))}
      </ul>
      {differences.length === 0 ? (
        <p class="good">Balanced: every event and delivery is accounted for.</p>
      ) : (
        <ul class="attention bad">
          {differences.map((difference) => (
            <li>Not balanced: {difference}.</li>
          ))}
        </ul>
      )}
      {ledger.spilled ? (
        <p class="quiet">
          {pluralize(ledger.spilled, 'request waits', 'requests wait')} in the spill queue:
          accepted, but not in the log yet.
        </p>
      ) : null}
    </section>
  )
}

function ReceivedCount({ arrivals }: { arrivals: readonly SourceArrivals[] }) {
  if (arrivals.length === 0) {
    return (
      <Empty>
        No vendor sent an event in this period. <a href="/console/set-up">Connect a vendor</a>, or{' '}
        <a href="/console/simulate">simulate one</a>.
      </Empty>
    )
  }
  return (
    <>
      {arrivals.map(({ source, counts }) => {
        const series = RECEIVED_STATUSES.map((name) => ({
          name,
          tone: toneOf(name),
          counts: counts[name] ?? [],
        }))
        const totals = series.map(({ name, counts: own }) => `${sum(own)} ${name}`)
        return (
          <figure>
            <figcaption class="legend">
              <b>{source}</b>
              {series.map(({ name, counts: own }) => (
                <span class={`state ${toneOf(name)}`}>
                  {sum(own)} {name}
                </span>
              ))}
            </figcaption>
            <BarChart title={`${source}, events per hour: ${totals.join(', ')}`} series={series} />
          </figure>
        )
      })}
    </>
  )
}
