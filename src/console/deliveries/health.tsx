// The figures of sources and targets on the overview.
import { duration, NotConfigured, State, sum, Table, Time } from '../components.tsx'
import type { SourceView, TargetView } from '../views.ts'

/** The sources: when each last sent an event, how many, and its typical volume. */
export function Sources({ sources }: { sources: readonly SourceView[] }) {
  if (sources.length === 0) return <NotConfigured what="source" />
  return (
    <Table
      caption="Sources"
      rows={sources}
      columns={[
        { name: 'source', of: ({ name }) => <a href={`/console/events?source=${name}`}>{name}</a> },
        { name: 'state', of: ({ state }) => <State name={state} /> },
        {
          name: 'last seen',
          of: lastSeen,
        },
        {
          name: 'last hour',
          of: ({ figures }) => sum(Object.values(figures?.last_hour ?? {})),
          isNumber: true,
        },
        {
          name: 'last 24 h',
          of: ({ figures }) => sum(Object.values(figures?.last_day ?? {})),
          isNumber: true,
        },
        { name: 'refused (24 h)', of: refused },
        { name: 'typical volume', of: typicalVolume },
      ]}
    />
  )
}

/** The last event. A test is shown only if nothing else came in: it is not sent by the vendor. */
function lastSeen({ figures }: SourceView) {
  if (figures === null || figures.last_seen !== null) return <Time at={figures?.last_seen} />
  return figures.last_test === null ? (
    'never'
  ) : (
    <span>
      <Time at={figures.last_test} /> (test)
    </span>
  )
}

/** Requests that were refused, by cause. */
function refused({ figures }: SourceView): string {
  const causes = figures?.refused ?? []
  return causes.map(({ cause, count }) => `${count}\xA0${cause}`).join(', ') || '0'
}

function typicalVolume({ figures }: SourceView): string {
  if (figures === null || figures.usual_this_hour === null) return 'needs a week of data'
  return `${figures.usual_this_hour} in this hour of the week; longest silence ${figures.longest_silence_hours} h`
}

/** The targets: their success rate, response time and backlog. */
export function Targets({ targets }: { targets: readonly TargetView[] }) {
  if (targets.length === 0) return <NotConfigured what="target" />
  return (
    <Table
      caption="Targets"
      rows={targets}
      columns={[
        { name: 'target', of: ({ name }) => <a href={`/console/targets#${name}`}>{name}</a> },
        { name: 'state', of: ({ state }) => <State name={state} /> },
        { name: 'delivered (24 h)', of: successRate },
        { name: 'response (p50/p95/p99)', of: percentiles },
        { name: 'backlog', of: backlog, isNumber: true },
        { name: 'oldest in backlog', of: oldest },
      ]}
    />
  )
}

function oldest({ figures }: TargetView) {
  const { oldest_held: held = null, oldest_due: due = null } = figures ?? {}
  if (held === null && due === null) return ''
  return (
    <span>
      {held === null ? 'due ' : 'held since '}
      <Time at={held ?? due} />
    </span>
  )
}

/** How many of a target's attempts of the last day succeeded. */
export function successRate({ figures }: TargetView): string {
  const { attempts, delivered } = figures?.last_day ?? { attempts: 0, delivered: 0 }
  return attempts === 0
    ? 'no attempts'
    : `${delivered} of ${attempts} attempts (${Math.round((100 * delivered) / attempts)}\xA0%)`
}

/** The percentiles of a target's response time; empty without attempts. */
export function percentiles({ figures }: TargetView): string {
  const { p50 = null, p95 = null, p99 = null } = figures?.last_day.answer_ms ?? {}
  return p50 === null ? '' : [p50, p95, p99].map(duration).join(' / ')
}

/** How many deliveries to a target are pending, retrying or held. */
export function backlog({ figures }: TargetView): number {
  return sum(Object.values(figures?.backlog ?? {}))
}
