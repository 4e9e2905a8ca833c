// Sending many deliveries again: first how many, then done, with how far that has come.
import {
  DEFAULT_PER_SECOND,
  MAX_PER_SECOND,
  REPLAYABLE_STATES,
} from '../../core/deliveries/replay.ts'
import { pluralize } from '../../core/text.ts'
import { Act, Choice, Empty, Field, State, Table, Time } from '../components.tsx'
import { Live } from '../live.tsx'

/** A replay as its operator sees it. */
export type ReplayView = {
  id: string
  state: string
  per_second: number
  total: number
  replayed: number
  started_at: string
  ended_at: string | null
}

/** What a filter asks for, as it stands in the form. */
export type Wanted = Record<string, string>

const PATH = '/console/replays'

/** The page: a filter, and the replays before. */
export function Replays({
  wanted,
  targets,
  sources,
  replays,
}: {
  wanted: Wanted
  targets: readonly string[]
  sources: readonly string[]
  replays: readonly ReplayView[]
}) {
  return (
    <>
      <form class="filter" method="post" action={`${PATH}/plan`}>
        <Choice label="Target" name="target" of={targets} chosen={wanted.target} />
        <Choice label="State" name="state" of={REPLAYABLE_STATES} chosen={wanted.state} />
        <Choice label="Source" name="source" of={sources} chosen={wanted.source} />
        <Field label="Type" name="type" value={wanted.type} hint="payment.*" />
        <Field label="Since" name="since" value={wanted.since} hint="24h" />
        <Field label="Until" name="until" value={wanted.until} hint="2026-11-21" />
        <Field label="Person or e-mail" name="person" value={wanted.person} hint="per_…" />
        <label>
          Deliveries a second
          <input
            type="number"
            name="per_second"
            min="0.1"
            max={MAX_PER_SECOND}
            step="0.1"
            value={wanted.per_second ?? DEFAULT_PER_SECOND}
          />
        </label>
        <button type="submit">See how many</button>
      </form>
      <h2>Replays before</h2>
      {replays.length === 0 ? (
        <Empty>
          None yet. Say which deliveries are to be sent again, and see how many they are.
        </Empty>
      ) : (
        <Table
          caption="Replays"
          rows={replays}
          columns={[
            { name: 'replay', of: ({ id }) => <a href={`${PATH}/${id}`}>{id}</a> },
            { name: 'state', of: ({ state }) => <State name={state} /> },
            {
              name: 'sent',
              of: ({ replayed, total }) => `${replayed} of ${total}`,
              isNumber: true,
            },
            { name: 'begun', of: (one) => <Time at={one.started_at} /> },
            { name: 'ended', of: (one) => <Time at={one.ended_at} /> },
          ]}
        />
      )}
    </>
  )
}

/** What a replay would send again. */
export type PlanView = {
  total: number
  people: number
  targets: Record<string, number>
  types: Record<string, number>
  states: Record<string, number>
}

/** The page before a replay begins: how many, of whom; and whether to. */
export function Plan({ wanted, plan }: { wanted: Wanted; plan: PlanView }) {
  const { total, people, targets, types, states } = plan
  if (total === 0) {
    return (
      <Empty>
        Nothing matches: there is nothing to send again. <a href={PATH}>Ask for something else</a>.
      </Empty>
    )
  }
  const rows = Object.entries({ target: targets, type: types, state: states }).flatMap(
    ([by, counts]) => Object.entries(counts).map(([name, count]) => ({ by, name, count })),
  )
  return (
    <>
      <p>
        <b>{pluralize(total, 'delivery', 'deliveries')}</b> of{' '}
        {pluralize(people, 'person', 'people')} would be sent again.
      </p>
      <Table
        caption="What would be sent"
        rows={rows}
        columns={[
          { name: 'by', of: ({ by }) => by },
          { name: 'which', of: ({ name }) => name },
          { name: 'deliveries', of: ({ count }) => count, isNumber: true },
        ]}
      />
      <div class="acts">
        <Act
          action={PATH}
          name={`Send ${pluralize(total, 'delivery', 'deliveries')} again`}
          values={wanted}
        />
        <a href={PATH}>Leave it</a>
      </div>
    </>
  )
}

/** How far a replay has come; live while it goes on. */
export function Replay({ replay }: { replay: ReplayView }) {
  const { id, state } = replay
  return state === 'running' ? (
    <Live id="progress" url={`${PATH}/${id}`} seconds={2}>
      <Progress replay={replay} />
    </Live>
  ) : (
    <div id="progress">
      <Progress replay={replay} />
    </div>
  )
}

function Progress({ replay }: { replay: ReplayView }) {
  const { id, state, replayed, total, per_second, started_at, ended_at } = replay
  return (
    <>
      <p>
        <State name={state} /> {replayed} of {pluralize(total, 'delivery', 'deliveries')},{' '}
        {per_second} a second, begun at <Time at={started_at} />
        {ended_at !== null && (
          <>
            , ended at <Time at={ended_at} />
          </>
        )}
      </p>
      <progress value={replayed} max={Math.max(1, total)} aria-label="Deliveries set going" />
      <div class="acts">
        {state === 'running' && <Act action={`${PATH}/${id}/stop`} name="Stop" isQuiet={true} />}
        {state === 'stopped' && <Act action={`${PATH}/${id}/resume`} name="Go on" />}
        <a href={PATH}>All replays</a>
      </div>
    </>
  )
}
