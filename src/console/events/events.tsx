// The list of events: searched, filtered, and live.
import { EVENT_STATUSES, EVENT_TYPES } from '../../core/events/event.ts'
import { Empty, EventLink, Older, SearchOlder, State, Table, Time } from '../components.tsx'
import { Act, Choice, Field } from '../forms.tsx'
import { linkTo } from '../links.ts'
import { Live } from '../live.tsx'

/** An event as a list shows it, without personal data. */
type EventLine = {
  id: string
  receivedat: string
  source: string
  status: string
  type: string
  vendortype: string | null
  subject: string | null
  personid: string | null
  deliveries_created: number
}

/** The query of a list, as it is in the URL. */
export type ListQuery = Record<string, string>

type EventsView = {
  query: ListQuery
  sources: readonly string[]
  events: readonly EventLine[]
  /** The start of the next page. */
  next: string | undefined
  /** The time to which this page has searched; undefined when it is the last. */
  searchedTo: string | undefined
}

const PATH = '/console/events'
const LIVE_SECONDS = 3

/** The page. The first page is live, unless it is paused. */
export function Events({ query, sources, ...rest }: EventsView) {
  const { paused, next: from, ...filter } = query
  const isLive = from === undefined && paused === undefined
  const list = <EventList query={query} {...rest} />
  return (
    <>
      <Find from={PATH} />
      <EventFilter query={filter} sources={sources} />
      <div class="acts">
        {from !== undefined && <a href={linkTo(PATH, filter)}>Newest</a>}
        {isLive && (
          <Act
            method="get"
            action={PATH}
            name="Pause"
            values={{ ...filter, paused: '1' }}
            isQuiet={true}
          />
        )}
        {paused !== undefined && <Act method="get" action={PATH} name="Go live" values={filter} />}
        <span class="quiet">
          {isLive && 'New events appear automatically. '}Keys: j and k move, Enter opens, /
          searches.
        </span>
      </div>
      {isLive ? (
        <Live id="log" url={linkTo(PATH, filter)} seconds={LIVE_SECONDS}>
          {list}
        </Live>
      ) : (
        list
      )}
    </>
  )
}

/** The search form. It is posted, so that no e-mail address is in a URL. */
export function Find({ from }: { from: string }) {
  return (
    <search>
      <form class="filter" method="post" action="/console/find">
        <input type="hidden" name="from" value={from} />
        <Field
          label="Find by e-mail address, contact ID, evt_… or per_…"
          name="who"
          isSearch={true}
          isRequired={true}
        />
        <button type="submit">Find</button>
      </form>
    </search>
  )
}

/** The fields that select events, in the filters of all lists. `types`: the ID of a datalist of event types. */
export function EventFields({
  query: { source, type, since, until, person },
  sources,
  types,
  personLabel = 'Person',
}: {
  query: ListQuery
  sources: readonly string[]
  types?: string
  personLabel?: string
}) {
  return (
    <>
      <Choice label="Source" name="source" of={sources} chosen={source} />
      <Field label="Type" name="type" value={type} hint="payment.*" list={types} />
      <Field label="Since" name="since" value={since} hint="24h" />
      <Field label="Until" name="until" value={until} hint="2026-11-21" />
      <Field label={personLabel} name="person" value={person} hint="per_…" />
    </>
  )
}

/** The end of a filter form: the button, and the link that clears the filter. */
export function FilterActs({ clear }: { clear: string }) {
  return (
    <div class="acts">
      <button type="submit">Filter</button>
      <a href={clear}>Clear</a>
    </div>
  )
}

function EventFilter({ query, sources }: { query: ListQuery; sources: readonly string[] }) {
  const { status, q, unrouted } = query
  return (
    <details open={Object.keys(query).length > 0}>
      <summary>Filter</summary>
      <form class="filter" action={PATH}>
        <Choice label="Status" name="status" of={EVENT_STATUSES} chosen={status} />
        <EventFields query={query} sources={sources} types="types" />
        <datalist id="types">
          {EVENT_TYPES.map((one) => (
            <option value={one} />
          ))}
        </datalist>
        <Field label="Contact/event ID" name="q" value={q} />
        <label>
          Delivered to
          <select name="unrouted">
            <option value="">any target</option>
            <option value="true" selected={unrouted === 'true'}>
              no target
            </option>
          </select>
        </label>
        <FilterActs clear={PATH} />
      </form>
    </details>
  )
}

function EventList({ query, events, next, searchedTo }: Omit<EventsView, 'sources'>) {
  const { next: from, ...rest } = query
  const isFiltered = Object.keys(rest).some((key) => key !== 'paused')
  if (events.length === 0) {
    return next === undefined ? (
      <NoEvents isFiltered={isFiltered} isLaterPage={from !== undefined} />
    ) : (
      <SearchOlder what="events" since={searchedTo} href={linkTo(PATH, { ...query, next })} />
    )
  }
  return (
    <>
      <Table
        caption="Events"
        rows={events}
        idOf={({ id }) => id}
        columns={[
          { name: 'event', of: ({ id }) => <EventLink id={id} /> },
          { name: 'received', of: ({ receivedat }) => <Time at={receivedat} /> },
          { name: 'type', of: ({ type }) => type },
          { name: 'status', of: ({ status }) => <State name={status} /> },
          { name: 'source', of: ({ source }) => source },
          { name: 'person', of: personOrSubject },
          { name: 'deliveries', of: (event) => event.deliveries_created, isNumber: true },
        ]}
      />
      <Older href={next === undefined ? undefined : linkTo(PATH, { ...query, next })} />
    </>
  )
}

function personOrSubject({ personid, subject }: EventLine) {
  if (personid !== null) {
    return (
      <a href={`/console/people/${personid}`}>
        <code>{personid}</code>
      </a>
    )
  }
  return subject === null ? '' : <code>{subject}</code>
}

function NoEvents({ isFiltered, isLaterPage }: { isFiltered: boolean; isLaterPage: boolean }) {
  if (isLaterPage) return <Empty>No older event matches.</Empty>
  if (isFiltered) {
    return (
      <Empty>
        No event matches. <a href={PATH}>Show all</a>.
      </Empty>
    )
  }
  return (
    <Empty>
      No events yet. <a href="/console/set-up">Connect a vendor</a>, or{' '}
      <a href="/console/simulate">simulate one</a>.
    </Empty>
  )
}
