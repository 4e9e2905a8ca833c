// The list of deliveries, by target, state and event.
import { DELIVERY_STATES, nextAttempt } from '../../core/deliveries/delivery.ts'
import { Empty, EventLink, Older, SearchOlder, State, Table, Time } from '../components.tsx'
import { shortReason } from '../delivery-reasons.ts'
import { EventFields, FilterActs, Find, type ListQuery } from '../events/events.tsx'
import { Act, Choice } from '../forms.tsx'
import { linkTo } from '../links.ts'

/** A delivery as a list shows it. */
type DeliveryLine = {
  event: string
  type: string
  source: string
  target: string
  state: string
  reason: string | null
  attempts: number
  due: string | null
  last: { at: string; status: number | null; error: string | null } | null
}

type DeliveriesView = {
  query: ListQuery
  targets: readonly string[]
  sources: readonly string[]
  deliveries: readonly DeliveryLine[]
  next: string | undefined
  /** The time to which this page has searched; undefined when it is the last. */
  searchedTo: string | undefined
}

const PATH = '/console/deliveries'

/** The page. */
export function Deliveries({
  query,
  targets,
  sources,
  deliveries,
  next,
  searchedTo,
}: DeliveriesView) {
  const { next: _, limit: __, ...filter } = query
  const { target, state } = filter
  return (
    <>
      <Find from={PATH} />
      <form class="filter" action={PATH}>
        <Choice label="Target" name="target" of={targets} chosen={target} />
        <Choice label="State" name="state" of={DELIVERY_STATES} chosen={state} />
        <EventFields query={filter} sources={sources} />
        <FilterActs clear={PATH} />
      </form>
      {deliveries.length === 0 && next !== undefined && (
        <SearchOlder what="deliveries" since={searchedTo} href={linkTo(PATH, { ...query, next })} />
      )}
      {deliveries.length === 0 && next === undefined && (
        <NoDeliveries isFiltered={Object.keys(filter).length > 0} />
      )}
      {deliveries.length > 0 && (
        <>
          <DeliveryTable deliveries={deliveries} />
          <div class="acts">
            <Older href={next === undefined ? undefined : linkTo(PATH, { ...query, next })} />
            <Act
              method="get"
              action="/console/replays"
              name="Replay these …"
              values={filter}
              isQuiet={true}
            />
          </div>
        </>
      )}
    </>
  )
}

function DeliveryTable({ deliveries }: { deliveries: readonly DeliveryLine[] }) {
  return (
    <Table
      caption="Deliveries"
      rows={deliveries}
      columns={[
        { name: 'event', of: ({ event }) => <EventLink id={event} /> },
        { name: 'type', of: ({ type }) => type },
        { name: 'target', of: ({ target }) => target },
        {
          name: 'state',
          of: ({ state, reason }) => (
            <span>
              <State name={state} />
              {reason !== null && `: ${shortReason(reason)}`}
            </span>
          ),
        },
        { name: 'attempts', of: ({ attempts }) => attempts, isNumber: true },
        { name: 'response', of: ({ last }) => last?.status ?? last?.error ?? '' },
        { name: 'last attempt', of: ({ last }) => <Time at={last?.at} /> },
        { name: 'next attempt', of: ({ state, due }) => <Time at={nextAttempt(state, due)} /> },
      ]}
    />
  )
}

function NoDeliveries({ isFiltered }: { isFiltered: boolean }) {
  return isFiltered ? (
    <Empty>
      No delivery matches. <a href={PATH}>Show all</a>.
    </Empty>
  ) : (
    <Empty>
      No deliveries yet. <a href="/console/simulate">Simulate an event</a>.
    </Empty>
  )
}
