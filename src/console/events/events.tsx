// The log: found by a filter, and followed as it grows.
import { EVENT_STATUSES, EVENT_TYPES } from '../../core/events/event.ts'
import { Act, Choice, Empty, EventLink, Field, State, Table, Time } from '../components.tsx'
import { linkTo } from '../links.ts'
import { Live } from '../live.tsx'

/** An event as a list shows it: nothing personal. */
export type EventLine = {
  id: string
  receivedat: string
  source: string
  status: string
  type: string
  vendortype: string | null
  subject: string | null
  personid: string | null
  planned: number
}

/** What a list was asked for, as it stands in its address. */
export type Asked = Record<string, string>

export type EventsView = {
  asked: Asked
  sources: readonly string[]
  events: readonly EventLine[]
  /** Where the next page begins. */
  next: string | undefined
}

const PATH = '/console/events'
const LIVE_SECONDS = 3

/** The page. Live on its first page, unless that is paused. */
export function Events({ asked, sources, events, next }: EventsView) {
  const { paused, next: from, ...filter } = asked
  const isLive = from === undefined && paused === undefined
  const list = <EventList asked={asked} events={events} next={next} />
  return (
    <>
      <Find from={PATH} />
      <EventFilter asked={filter} sources={sources} />
      <div class="acts">
        {from !== undefined && <a href={linkTo(PATH, filter)}>To the newest</a>}
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
          {isLive && 'New events appear by themselves. '}Keys: j and k move, Enter opens, / finds.
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

/** Finds by whatever somebody on the phone says. A form that is posted: an address stands in no URL. */
export function Find({ from }: { from: string }) {
  return (
    <search>
      <form class="filter" method="post" action="/console/find">
        <input type="hidden" name="from" value={from} />
        <Field
          label="Find by e-mail address, contact id, evt_… or per_…"
          name="who"
          isSearch={true}
          isRequired={true}
        />
        <button type="submit">Find</button>
      </form>
    </search>
  )
}

function EventFilter({ asked, sources }: { asked: Asked; sources: readonly string[] }) {
  const { source, type, status, since, until, person, q, unrouted } = asked
  return (
    <details open={Object.keys(asked).length > 0}>
      <summary>Filter</summary>
      <form class="filter" action={PATH}>
        <Choice label="Source" name="source" of={sources} chosen={source} />
        <label>
          Type
          <input name="type" value={type} list="types" placeholder="payment.*" autocomplete="off" />
        </label>
        <datalist id="types">
          {EVENT_TYPES.map((one) => (
            <option value={one} />
          ))}
        </datalist>
        <Choice label="Status" name="status" of={EVENT_STATUSES} chosen={status} />
        <Field label="Since" name="since" value={since} hint="24h" />
        <Field label="Until" name="until" value={until} hint="2026-11-21" />
        <Field label="Person" name="person" value={person} hint="per_…" />
        <Field label="Contact or event id" name="q" value={q} />
        <label>
          Sent to
          <select name="unrouted">
            <option value="">anybody</option>
            <option value="true" selected={unrouted === 'true'}>
              nobody
            </option>
          </select>
        </label>
        <button type="submit">Filter</button>
        <a href={PATH}>Clear</a>
      </form>
    </details>
  )
}

function EventList({ asked, events, next }: Omit<EventsView, 'sources'>) {
  const { next: from, ...rest } = asked
  const isFiltered = Object.keys(rest).some((key) => key !== 'paused')
  return (
    <>
      {events.length === 0 ? (
        <NoEvents isFiltered={isFiltered} isMore={next !== undefined || from !== undefined} />
      ) : (
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
            { name: 'about', of: about },
            { name: 'deliveries', of: ({ planned }) => planned, isNumber: true },
          ]}
        />
      )}
      {next !== undefined && <a href={linkTo(PATH, { ...asked, next })}>Older</a>}
    </>
  )
}

function about({ personid, subject }: EventLine) {
  if (personid !== null) {
    return (
      <a href={`/console/people/${personid}`}>
        <code>{personid}</code>
      </a>
    )
  }
  return subject === null ? '' : <code>{subject}</code>
}

function NoEvents({ isFiltered, isMore }: { isFiltered: boolean; isMore: boolean }) {
  if (isMore) return <Empty>No event here matches. Older ones may.</Empty>
  if (isFiltered) {
    return (
      <Empty>
        No event matches. <a href={PATH}>Show all of them</a>.
      </Empty>
    )
  }
  return (
    <Empty>
      Nothing has come in yet. <a href="/console/set-up">Set a vendor up</a>, or{' '}
      <a href="/console/simulate">simulate one</a>.
    </Empty>
  )
}
