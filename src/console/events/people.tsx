// Persons across vendors: their contacts, their events, and the deliveries of these.
import { maskEmail } from '../../core/mask.ts'
import { Empty, EventLink, Older, State, Table, Theirs, Time } from '../components.tsx'
import { Act, ChangeForm } from '../forms.tsx'
import { linkTo } from '../links.ts'
import { Find } from './events.tsx'

/** A person, with all contacts. */
export type PersonView = {
  id: string
  contacts: readonly {
    source: string
    contact: string | null
    account?: string | null
    email: string | null
    sites: readonly string[]
    joined_by?: string | null
    /** Whether its address joins it to nobody. */
    isShared?: boolean
  }[]
}

/** An event of a person, and its deliveries with their last response. */
type TimelineLine = {
  id: string
  receivedat: string
  source: string
  type: string
  status: string
  deliveries: readonly {
    target: string
    state: string
    last: { status: number | null; error: string | null } | null
  }[]
}

const PATH = '/console/people'

/** The page: the search form, and the persons that were found. */
export function People({ found, areMore }: { found: readonly PersonView[]; areMore: boolean }) {
  return (
    <>
      <Find from={PATH} />
      {found.length === 0 ? (
        <Empty>
          Find a person to see their contacts, events and deliveries across vendors, or see{' '}
          <a href={`${PATH}/wrongly-joined`}>who was joined wrongly by earlier rules</a> and{' '}
          <a href={`${PATH}/erased`}>who was erased</a>.
        </Empty>
      ) : (
        <Table
          caption="People"
          rows={found}
          columns={[
            { name: 'person', of: ({ id }) => <a href={`${PATH}/${id}`}>{id}</a> },
            {
              name: 'sources',
              of: ({ contacts }) => [...new Set(contacts.map(({ source }) => source))].join(', '),
            },
            {
              name: 'e-mail',
              of: ({ contacts }) => (
                <Theirs
                  texts={[...new Set(contacts.flatMap(({ email }) => maskEmail(email) ?? []))]}
                />
              ),
            },
          ]}
        />
      )}
      {areMore && (
        <p class="quiet">
          These are the first {found.length} matches. Find the others by contact ID.
        </p>
      )}
    </>
  )
}

/** The page of one person. */
export function Person({
  person,
  events,
  next,
  isPersonalShown,
}: {
  person: PersonView
  events: readonly TimelineLine[]
  next: string | undefined
  isPersonalShown: boolean
}) {
  const { id, contacts } = person
  const path = `${PATH}/${id}`
  const personal = isPersonalShown ? 'show' : undefined
  return (
    <>
      <h2>Contacts</h2>
      <Table
        caption="Contacts"
        rows={contacts}
        columns={[
          { name: 'source', of: ({ source }) => source },
          {
            name: 'contact',
            of: ({ contact, account }) => (
              <>
                {contact !== null && (
                  <bdi>
                    <code>{contact}</code>
                  </bdi>
                )}
                {account && (
                  <span class="quiet">
                    {' '}
                    of <bdi>{account}</bdi>
                  </span>
                )}
              </>
            ),
          },
          {
            name: 'e-mail',
            of: ({ email, isShared }) => (
              <>
                <bdi>{(isPersonalShown ? email : maskEmail(email)) ?? ''}</bdi>
                {isShared && <span class="quiet"> joins nobody: not one person’s own</span>}
              </>
            ),
          },
          { name: 'sites', of: ({ sites }) => <Theirs texts={sites} /> },
          { name: 'joined by', of: ({ joined_by }) => joined_by?.replace('_', ' ') ?? '' },
          {
            name: 'not the same person?',
            of: (contact) => (
              <Split
                path={path}
                contact={contact}
                isAlone={contacts.length < 2}
                isPersonalShown={isPersonalShown}
              />
            ),
          },
        ]}
      />
      <div class="acts">
        {isPersonalShown ? (
          <a href={path}>Mask addresses</a>
        ) : (
          <a href={linkTo(path, { personal: 'show' })}>Show addresses</a>
        )}
        <a href={linkTo('/console/events', { person: id })}>Show in the event list</a>
        <a href={`${path}/erase`} data-change="">
          Erase …
        </a>
        <Act
          method="get"
          action="/console/replays"
          name="Replay …"
          values={{ person: id }}
          isQuiet={true}
        />
        <ChangeForm action={`${path}/merge`}>
          <input name="person" required placeholder="per_…" aria-label="ID of the other person" />
          <button type="submit" class="outline">
            Merge into this one
          </button>
        </ChangeForm>
      </div>
      <h2>Events</h2>
      {events.length === 0 ? <Empty>No events in the log.</Empty> : <Timeline events={events} />}
      <Older href={next === undefined ? undefined : linkTo(path, { next, personal })} />
    </>
  )
}

function Split({
  path,
  contact: { source, contact, email, account },
  isAlone,
  isPersonalShown,
}: {
  path: string
  contact: PersonView['contacts'][number]
  isAlone: boolean
  isPersonalShown: boolean
}) {
  if (isAlone) return null
  // A contact without an ID is identified by its e-mail address.
  if (contact === null && !isPersonalShown) return <span class="quiet">show addresses first</span>
  const named: Record<string, string> = contact === null ? { email: email ?? '' } : { contact }
  const values = { source, ...named, ...(account ? { account } : {}) }
  return <Act action={`${path}/split`} name="Separate" values={values} isQuiet={true} />
}

function Timeline({ events }: { events: readonly TimelineLine[] }) {
  return (
    <Table
      caption="Timeline"
      rows={events}
      columns={[
        { name: 'received', of: ({ receivedat }) => <Time at={receivedat} /> },
        { name: 'source', of: ({ source }) => source },
        { name: 'type', of: ({ type }) => type },
        { name: 'status', of: ({ status }) => <State name={status} /> },
        { name: 'delivered to', of: ({ deliveries }) => <DeliveredTo deliveries={deliveries} /> },
        { name: 'event', of: ({ id }) => <EventLink id={id} /> },
      ]}
    />
  )
}

function DeliveredTo({ deliveries }: Pick<TimelineLine, 'deliveries'>) {
  return (
    <span>
      {deliveries.map(({ target, state, last }) => (
        <span class="line">
          {target} <State name={state} />
          {last !== null && ` (${last.status ?? last.error})`}
        </span>
      ))}
    </span>
  )
}
