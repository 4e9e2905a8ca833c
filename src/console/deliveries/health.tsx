// How sources and targets fare, as the overview tells it.
import { duration, Empty, State, sum, Table, Time } from '../components.tsx'
import type { SourceView, TargetView } from '../views.ts'

/** The sources: when each was heard of last, how often, and what is usual. */
export function Sources({ sources }: { sources: readonly SourceView[] }) {
  if (sources.length === 0)
    return <Empty>No source is configured: add one to SOURCES in wrangler.toml.</Empty>
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
        { name: 'usual rhythm', of: rhythm },
      ]}
    />
  )
}

/** Tests are told of only where nothing else came: they are no sign of life of a vendor. */
function lastSeen({ figures }: SourceView) {
  if (figures === null || figures.last_seen !== null) return <Time at={figures?.last_seen} />
  return figures.last_test === null ? (
    'never'
  ) : (
    <span>
      <Time at={figures.last_test} /> (a test)
    </span>
  )
}

function rhythm({ figures }: SourceView): string {
  if (figures === null || figures.usual_this_hour === null) return 'known after a week'
  return `${figures.usual_this_hour} in this hour of the week; silent for ${figures.longest_silence_hours} h at most`
}

/** The targets: how each answers, and what it is owed. */
export function Targets({ targets }: { targets: readonly TargetView[] }) {
  if (targets.length === 0)
    return <Empty>No target is configured: add one to TARGETS in wrangler.toml.</Empty>
  return (
    <Table
      caption="Targets"
      rows={targets}
      columns={[
        { name: 'target', of: ({ name }) => <a href={`/console/targets#${name}`}>{name}</a> },
        { name: 'state', of: ({ state }) => <State name={state} /> },
        { name: 'delivered in 24 h', of: successRate },
        { name: '50 %, 95 %, 99 % answer within', of: percentiles },
        { name: 'waiting', of: backlog, isNumber: true },
        { name: 'oldest waiting', of: oldest },
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

/** How many of a target's attempts of the last day succeeded, in words. */
export function successRate({ figures }: TargetView): string {
  const { attempts, delivered } = figures?.last_day ?? { attempts: 0, delivered: 0 }
  return attempts === 0
    ? 'nothing tried'
    : `${delivered} of ${attempts} attempts (${Math.round((100 * delivered) / attempts)} %)`
}

/** How fast a target answers. */
export function percentiles({ figures }: TargetView): string {
  const { p50 = null, p95 = null, p99 = null } = figures?.last_day.answer_ms ?? {}
  return p50 === null ? '' : [p50, p95, p99].map(duration).join(', ')
}

/** How many deliveries wait for a target. */
export function backlog({ figures }: TargetView): number {
  return sum(Object.values(figures?.backlog ?? {}))
}
