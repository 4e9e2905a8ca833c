// The overview: what needs attention, whether everything adds up, what came, and how sources and targets fare.

import { DELIVERY_STATES } from '../../core/deliveries/delivery.ts'
import { RECEIVED_STATUSES } from '../../core/events/event.ts'
import type { Attention } from '../../core/operate/attention.ts'
import { pluralize } from '../../core/text.ts'
import { Empty, sum, Time, toneOf } from '../components.tsx'
import { Sources, Targets } from '../deliveries/health.tsx'
import { Live } from '../live.tsx'
import type { LedgerView, SourceView, TargetView } from '../views.ts'
import { Bar, BarChart } from './chart.tsx'

/** The periods that the overview can be of. */
export const PERIODS = ['24h', '7d', '30d'] as const
export type PeriodName = (typeof PERIODS)[number]

/** What came in each hour of the period from a source, by what became of it. */
export type SourceArrivals = { source: string; counts: Record<string, readonly number[]> }

export type OverviewView = {
  period: PeriodName
  attention: readonly Attention[]
  ledger: LedgerView
  arrivals: readonly SourceArrivals[]
  sources: readonly SourceView[]
  targets: readonly TargetView[]
  asOf: string | null
}

/** The page. */
export function Overview({
  period,
  attention,
  ledger,
  arrivals,
  sources,
  targets,
  asOf,
}: OverviewView) {
  return (
    <Live id="overview" url={`/console?period=${period}`} seconds={30}>
      <section aria-label="What needs attention">
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
      <div class="pair">
        <Funnel ledger={ledger} />
        <section>
          <h2>Events per hour</h2>
          <Arrivals arrivals={arrivals} />
        </section>
      </div>
      <section>
        <h2>Sources</h2>
        <Sources sources={sources} />
      </section>
      <section>
        <h2>Targets</h2>
        <Targets targets={targets} />
      </section>
      <p class="quiet">
        All times are UTC.{' '}
        {asOf === null ? (
          'The figures of sources and targets come with the first minute.'
        ) : (
          <>
            The figures of sources and targets changed last at <Time at={asOf} />; those of sources
            leave out tests.
          </>
        )}
      </p>
    </Live>
  )
}

const PAGE_OF: Record<Attention['about'], (name: string | null) => string> = {
  target: (name) => `/console/targets#${name}`,
  source: () => '/console/set-up',
  quarantine: () => '/console/quarantine',
  ledger: () => '/console#funnel',
  spill: () => '/console#funnel',
}

function AttentionList({ attention }: { attention: readonly Attention[] }) {
  if (attention.length === 0) return <p class="notice">All is well.</p>
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

function Funnel({ ledger }: { ledger: LedgerView }) {
  const { sources, targets, differences } = ledger
  const received = sum(sources.map((line) => line.received))
  const planned = sum(targets.map((line) => line.planned))
  const whole = Math.max(received + sum(sources.map(({ derived }) => derived)), planned)
  const line = (name: string, count: number) => (
    <li>
      <span>{name}</span>
      <span class="number">{count}</span>
      <Bar part={count} of={whole} ink={toneOf(name)} />
    </li>
  )
  return (
    <section id="funnel">
      <h2>The ledger</h2>
      <ul class="funnel">
        {line('received', received)}
        {RECEIVED_STATUSES.map((status) => line(status, sum(sources.map((one) => one[status]))))}
        {line('derived', sum(sources.map(({ derived }) => derived)))}
        {line('planned', planned)}
        {DELIVERY_STATES.map((state) => line(state, sum(targets.map((one) => one[state]))))}
      </ul>
      {differences.length === 0 ? (
        <p class="state good">It adds up.</p>
      ) : (
        <ul class="attention bad">
          {differences.map((difference) => (
            <li>It does not add up: {difference}.</li>
          ))}
        </ul>
      )}
      {ledger.spilled ? (
        <p class="quiet">
          {pluralize(ledger.spilled, 'request is', 'requests are')} safe in the spill queue, and not
          in the log yet.
        </p>
      ) : null}
    </section>
  )
}

function Arrivals({ arrivals }: { arrivals: readonly SourceArrivals[] }) {
  if (arrivals.length === 0) {
    return (
      <Empty>
        No vendor sent anything in this time. <a href="/console/set-up">Set a vendor up</a>, or{' '}
        <a href="/console/simulate">simulate one</a>.
      </Empty>
    )
  }
  return (
    <>
      {arrivals.map(({ source, counts }) => {
        const series = RECEIVED_STATUSES.map((name) => ({
          name,
          ink: toneOf(name),
          counts: counts[name] ?? [],
        }))
        const told = series.map(({ name, counts: own }) => `${sum(own)} ${name}`)
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
            <BarChart title={`${source}, events per hour: ${told.join(', ')}`} series={series} />
          </figure>
        )
      })}
    </>
  )
}
