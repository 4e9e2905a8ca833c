// One event: what came, what was made of it and why, and what became of its deliveries.

import type { Child } from 'hono/jsx'
import { type DecidedEvent, decisionsOf } from '../core/decisions.ts'
import type { Attempt } from '../core/delivery.ts'
import { Live } from './live.tsx'
import { Act, Copy, duration, Empty, EventLink, Json, State, Table, Time } from './parts.tsx'

export type EventView = DecidedEvent & {
  id: string
  receivedat: string
  source: string
  vendor: string
  issues: { path: string; message: string }[] | null
  raw: { text: string | null; encoding: string; headers: unknown }
  deliveries: readonly DeliveryView[]
  /** The vendor's request as a command; undefined when its bytes are no longer kept. */
  curl: string | undefined
  /** Whether an attempt is due soon, or was a moment ago. */
  isMoving: boolean
  /** Targets that it can be sent to. */
  targets: readonly string[]
}
type DeliveryView = {
  target: string
  state: string
  reason: string | null
  due: string | null
  replayed: boolean
  attempts: readonly (Attempt & { headers: readonly (readonly [string, string])[] })[]
}

/** The page. */
export function EventPage({ event }: { event: EventView }) {
  const { id, type, status, source, vendor, receivedat, personid, deliveries } = event
  const isSendable = status === 'accepted' || status === 'derived'
  return (
    <>
      <p>
        <b>{type}</b> <State name={status} /> from {source}
        {vendor === source ? '' : ` (${vendor})`}, received <Time at={receivedat} />
        {personid !== null && (
          <>
            , about <a href={`/console/people/${personid}`}>{personid}</a>
          </>
        )}
      </p>
      <Acts event={event} isSendable={isSendable} />
      <Issues event={event} />
      <div class="pair">
        <article>
          <h2>What came</h2>
          <Came raw={event.raw} />
        </article>
        <article>
          <h2>What was made of it</h2>
          {event.event === null ? (
            <Empty>Nothing: it was not understood.</Empty>
          ) : (
            <Json value={event.event} />
          )}
        </article>
      </div>
      <section>
        <h2>Why</h2>
        <Decisions event={event} />
      </section>
      <section>
        <h2>Deliveries</h2>
        <Moving event={event}>
          {deliveries.length === 0 ? (
            <Empty>No target was to have it.</Empty>
          ) : (
            deliveries.map((delivery) => (
              <Delivery id={id} delivery={delivery} isSendable={isSendable} />
            ))
          )}
        </Moving>
      </section>
    </>
  )
}

/** Keeps deliveries up to date while an attempt is near; else it would close what somebody reads, for nothing. */
function Moving({ event: { id, isMoving }, children }: { event: EventView; children?: Child }) {
  if (!isMoving) return <div id="deliveries">{children}</div>
  return (
    <Live id="deliveries" url={`/console/events/${id}`} seconds={2}>
      {children}
    </Live>
  )
}

function Acts({ event, isSendable }: { event: EventView; isSendable: boolean }) {
  const { id, targets, status, curl } = event
  const again = `/console/events/${id}/replay`
  return (
    <>
      <div class="acts">
        {isSendable && <Act action={again} name="Replay to all that had it" />}
        {isSendable && targets.length > 0 && (
          <form method="post" action={again}>
            <label>
              or to{' '}
              <select name="target">
                {targets.map((name) => (
                  <option value={name}>{name}</option>
                ))}
              </select>
            </label>
            <button type="submit" class="outline">
              Replay
            </button>
          </form>
        )}
        {status === 'accepted' && curl !== undefined && (
          <Act
            method="get"
            action={`/console/events/${id}/renormalize`}
            name="Normalize again"
            isQuiet={true}
          />
        )}
      </div>
      {curl !== undefined && (
        <details>
          <summary>As curl</summary>
          <pre id="curl">{curl}</pre>
          <Copy of="curl" />
        </details>
      )}
    </>
  )
}

function Issues({ event: { issues, event } }: { event: EventView }) {
  const { warnings = [] } = (event as { data?: { warnings?: string[] } } | null)?.data ?? {}
  const lines = [
    ...(issues ?? []).map(({ path, message }) => `Not understood: ${path}: ${message}.`),
    ...warnings.map((warning) => `Odd: ${warning}.`),
  ]
  if (lines.length === 0) return null
  return (
    <ul class="attention">
      {lines.map((line) => (
        <li>{line}</li>
      ))}
    </ul>
  )
}

function Came({ raw: { text, encoding, headers } }: { raw: EventView['raw'] }) {
  if (text === null) return <Empty>Its bytes are no longer kept.</Empty>
  return (
    <>
      <Json value={encoding === 'base64' ? `(base64) ${text}` : pretty(text)} />
      <details>
        <summary>Headers</summary>
        <Json value={headers} />
      </details>
    </>
  )
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

function Decisions({ event }: { event: EventView }) {
  return (
    <Table
      caption="Decisions"
      rows={decisionsOf(event)}
      columns={[
        { name: 'what', of: ({ what }) => what },
        { name: 'is', of: ({ is }) => <code>{is}</code> },
        {
          name: 'because',
          of: ({ because, events }) => (
            <span>
              {because}
              {events.map((id) => (
                <>
                  {' '}
                  <EventLink id={id} />
                </>
              ))}
            </span>
          ),
        },
      ]}
    />
  )
}

function Delivery({
  id,
  delivery: { target, state, reason, due, replayed, attempts },
  isSendable,
}: {
  id: string
  delivery: DeliveryView
  isSendable: boolean
}) {
  return (
    <article>
      <h3>
        <a href={`/console/targets#${target}`}>{target}</a> <State name={state} />
      </h3>
      <p>
        {reason !== null && `${reason}. `}
        {replayed && 'An operator asked for it once more. '}
        {due !== null && (
          <>
            Next try at <Time at={due} />.
          </>
        )}
      </p>
      {attempts.length > 0 && (
        <Table
          caption={`Attempts at ${target}`}
          rows={attempts}
          columns={[
            { name: 'attempt', of: ({ attempt }) => attempt, isNumber: true },
            { name: 'at', of: ({ at }) => <Time at={at} /> },
            { name: 'took', of: ({ ms }) => duration(ms), isNumber: true },
            {
              name: 'answer',
              of: ({ status, error }) => (
                <span class={error === undefined ? 'good' : 'bad'}>{status ?? error}</span>
              ),
            },
            { name: 'details', of: (attempt) => <AttemptDetails attempt={attempt} /> },
          ]}
        />
      )}
      {isSendable && (
        <div class="acts">
          <Act
            action={`/console/events/${id}/replay`}
            name={`Replay to ${target}`}
            values={{ target }}
            isQuiet={true}
          />
        </div>
      )}
    </article>
  )
}

function AttemptDetails({ attempt }: { attempt: DeliveryView['attempts'][number] }) {
  const { headers, response, retry_after: wait } = attempt
  return (
    <details>
      <summary>Request and answer</summary>
      <pre>{headers.map(([name, value]) => `${name}: ${value}`).join('\n')}</pre>
      {wait !== undefined && <p>It asked us to wait {wait} s.</p>}
      {response ? <pre>{response}</pre> : <p class="quiet">It said nothing.</p>}
    </details>
  )
}

/** What normalizing an event again would change. */
export type Renormalization = {
  id: string
  was: string
  is: string
  differences: readonly { path: string; was?: unknown; is?: unknown }[]
  /** Why the present mapping does not understand it; then it stays as it is. */
  refused: readonly string[]
}

/** The page that shows that, before anything is changed. */
export function RenormalizePage({ change }: { change: Renormalization }) {
  const { id, was, is, differences, refused } = change
  const action = `/console/events/${id}/renormalize`
  const back = <a href={`/console/events/${id}`}>Back to the event</a>
  if (refused.length > 0) {
    return (
      <Empty>
        The present mapping does not understand it: {refused.join('; ')}. {back}.
      </Empty>
    )
  }
  if (differences.length === 0) {
    return <Empty>The present mapping says the same of it. {back}.</Empty>
  }
  const shown = (value: unknown) =>
    value === undefined ? '' : <code>{JSON.stringify(value)}</code>
  return (
    <>
      <p>
        {was === is ? `It stays ${is}.` : `It becomes ${is}; it was ${was}.`} The bytes that came
        are not touched.
      </p>
      <Table
        caption="What changes"
        rows={differences}
        columns={[
          { name: 'place', of: ({ path }) => <code>{path}</code> },
          { name: 'was', of: (one) => shown(one.was) },
          { name: 'is', of: (one) => shown(one.is) },
        ]}
      />
      <div class="acts">
        <Act action={action} name="Change it" />
        <Act
          action={action}
          name="Change it, and send it again"
          values={{ deliver: 'true' }}
          isQuiet={true}
        />
        {back}
      </div>
    </>
  )
}
