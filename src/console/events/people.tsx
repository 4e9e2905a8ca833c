// Persons: who is who across vendors, what happened to them, and who was told.
import { maskEmail } from '../../core/mask.ts'
import { Act, Empty, EventLink, Older, State, Table, Time } from '../components.tsx'
import { linkTo } from '../links.ts'
import { Find } from './events.tsx'

/** A person with all contacts. */
export type PersonView = {
  id: string
  contacts: readonly {
    source: string
    contact: string | null
    email: string | null
    sites: readonly string[]
  }[]
}

/** An event of a person, and what those who were told answered. */
export type TimelineLine = {
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

/** The page: finding, and what was found. */
export function People({ found, areMore }: { found: readonly PersonView[]; areMore: boolean }) {
  return (
    <>
      <Find from={PATH} />
      {found.length === 0 ? (
        <Empty>
          Find somebody, and see what happened to them across vendors, and who was told.
        </Empty>
      ) : (
        <Table
          caption="People"
          rows={found}
          columns={[
            { name: 'person', of: ({ id }) => <a href={`${PATH}/${id}`}>{id}</a> },
            {
              name: 'known to',
              of: ({ contacts }) => [...new Set(contacts.map(({ source }) => source))].join(', '),
            },
            {
              name: 'address',
              of: ({ contacts }) =>
                [...new Set(contacts.map(({ email }) => maskEmail(email)))]
                  .filter(Boolean)
                  .join(', '),
            },
          ]}
        />
      )}
      {areMore && (
        <p class="quiet">
          These are the first {found.length}, and there are more: find the others by their contact
          ids.
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
            of: ({ contact }) => (contact === null ? '' : <code>{contact}</code>),
          },
          {
            name: 'address',
            of: ({ email }) => (isPersonalShown ? email : maskEmail(email)) ?? '',
          },
          { name: 'sites', of: ({ sites }) => sites.join(', ') },
          {
            name: 'another human?',
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
        <a href={linkTo('/console/events', { person: id })}>In the log</a>
        <Act
          method="get"
          action="/console/replays"
          name="Replay …"
          values={{ person: id }}
          isQuiet={true}
        />
        <form method="post" action={`${path}/merge`}>
          <input
            name="person"
            required
            placeholder="per_…"
            aria-label="The other person, who is the same human"
          />
          <button type="submit" class="outline">
            Merge into this one
          </button>
        </form>
      </div>
      <h2>What happened</h2>
      {events.length === 0 ? (
        <Empty>Nothing that is still in the log.</Empty>
      ) : (
        <Timeline events={events} />
      )}
      <Older href={next === undefined ? undefined : linkTo(path, { next, personal })} />
    </>
  )
}

function Split({
  path,
  contact: { source, contact, email },
  isAlone,
  isPersonalShown,
}: {
  path: string
  contact: PersonView['contacts'][number]
  isAlone: boolean
  isPersonalShown: boolean
}) {
  if (isAlone) return null
  // Who has no id is named by the address.
  if (contact === null && !isPersonalShown) return <span class="quiet">show addresses first</span>
  const named: Record<string, string> = contact === null ? { email: email ?? '' } : { contact }
  return (
    <Act action={`${path}/split`} name="Split off" values={{ source, ...named }} isQuiet={true} />
  )
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
        { name: 'told', of: ({ deliveries }) => <Told deliveries={deliveries} /> },
        { name: 'event', of: ({ id }) => <EventLink id={id} /> },
      ]}
    />
  )
}

function Told({ deliveries }: Pick<TimelineLine, 'deliveries'>) {
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
