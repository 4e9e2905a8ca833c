// Replays by filter: the form, the preview, and the progress of each.
import {
  DEFAULT_PER_SECOND,
  MAX_PER_SECOND,
  REPLAYABLE_STATES,
} from '../../core/deliveries/replay.ts'
import { pluralize } from '../../core/text.ts'
import { Empty, State, Table, Time } from '../components.tsx'
import { EventFields } from '../events/events.tsx'
import { Act, Choice } from '../forms.tsx'
import { Live } from '../live.tsx'

/** A replay, as the API returns it. */
type ReplayView = {
  id: string
  state: string
  per_second: number
  total: number
  counted: boolean
  replayed: number
  missing: number | null
  started_at: string
  ended_at: string | null
}

/** The fields of the form. */
export type ReplayForm = Record<string, string>

const PATH = '/console/replays'

/** The page: a filter, and past replays. */
export function Replays({
  form,
  targets,
  sources,
  replays,
}: {
  form: ReplayForm
  targets: readonly string[]
  sources: readonly string[]
  replays: readonly ReplayView[]
}) {
  return (
    <>
      <form class="filter" method="post" action={`${PATH}/plan`}>
        <Choice label="Target" name="target" of={targets} chosen={form.target} />
        <Choice label="State" name="state" of={REPLAYABLE_STATES} chosen={form.state} />
        <EventFields query={form} sources={sources} personLabel="Person or e-mail" />
        <label>
          Per second
          <input
            type="number"
            name="per_second"
            min="0.1"
            max={MAX_PER_SECOND}
            step="0.1"
            value={form.per_second ?? DEFAULT_PER_SECOND}
          />
        </label>
        <button type="submit">Preview</button>
      </form>
      <h2>Past replays</h2>
      {replays.length === 0 ? (
        <Empty>No replays yet.</Empty>
      ) : (
        <Table
          caption="Replays"
          rows={replays}
          columns={[
            { name: 'replay', of: ({ id }) => <a href={`${PATH}/${id}`}>{id}</a> },
            { name: 'state', of: ({ state }) => <State name={state} /> },
            {
              name: 'queued',
              of: ({ replayed, total, counted }) =>
                `${replayed} of ${counted ? '' : 'at least '}${total}`,
              isNumber: true,
            },
            { name: 'missing', of: ({ missing }) => missing ?? '', isNumber: true },
            { name: 'started', of: (one) => <Time at={one.started_at} /> },
            { name: 'ended', of: (one) => <Time at={one.ended_at} /> },
          ]}
        />
      )}
    </>
  )
}

/** The deliveries to replay: their number by target, type and state. */
type PlanView = {
  total: number
  counted: boolean
  people: number
  targets: Record<string, number>
  types: Record<string, number>
  states: Record<string, number>
}

/** The preview: how many deliveries would be replayed, with the button that starts it. */
export function ReplayPreview({ form, plan }: { form: ReplayForm; plan: PlanView }) {
  const { total, counted, people, targets, types, states } = plan
  if (total === 0 && counted) {
    return (
      <Empty>
        No delivery matches. <a href={PATH}>Change the filter</a>.
      </Empty>
    )
  }
  const rows = Object.entries({ target: targets, type: types, state: states }).flatMap(
    ([by, counts]) => Object.entries(counts).map(([name, count]) => ({ by, name, count })),
  )
  return (
    <>
      <p>
        <b>
          {counted ? '' : 'At least '}
          {pluralize(total, 'delivery', 'deliveries')}
        </b>{' '}
        of {pluralize(people, 'person', 'people')} would be replayed.
        {!counted && ' The period is long: the replay counts the rest, some each minute.'}
      </p>
      <Table
        caption="Deliveries to replay"
        rows={rows}
        columns={[
          { name: 'group', of: ({ by }) => by },
          { name: 'name', of: ({ name }) => name },
          { name: 'deliveries', of: ({ count }) => count, isNumber: true },
        ]}
      />
      <div class="acts">
        <Act
          action={PATH}
          name={`Replay ${pluralize(total, 'delivery', 'deliveries')}`}
          values={form}
        />
        <a href={PATH}>Cancel</a>
      </div>
    </>
  )
}

/** The progress of a replay; live while it is running. */
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
  const { id, state, replayed, total, counted, missing, per_second, started_at, ended_at } = replay
  return (
    <>
      <p>
        <State name={state} /> {replayed} of {counted ? '' : 'at least '}
        {pluralize(total, 'delivery', 'deliveries')} queued, {per_second} per second, started{' '}
        <Time at={started_at} />
        {ended_at !== null && (
          <>
            , ended <Time at={ended_at} />
          </>
        )}
      </p>
      {missing !== null && missing > 0 && (
        <p>
          <b>{pluralize(missing, 'delivery', 'deliveries')} could not be sent</b>: deleted by
          retention, or changed before their turn.
        </p>
      )}
      <progress value={replayed} max={Math.max(1, total)} aria-label="Deliveries queued" />
      <div class="acts">
        {state === 'running' && <Act action={`${PATH}/${id}/stop`} name="Stop" isQuiet={true} />}
        {state === 'stopped' && <Act action={`${PATH}/${id}/resume`} name="Resume" />}
        <a href={PATH}>All replays</a>
      </div>
    </>
  )
}
