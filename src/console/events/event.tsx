// One event: what came, what was made of it and why, and what became of its deliveries.

import type { Child } from 'hono/jsx'
import { decisionsOf, type ExplainedEvent } from '../../core/events/decisions.ts'
import { Act, Copy, Empty, EventLink, Json, State, Table, Time } from '../components.tsx'
import { Live } from '../live.tsx'
import { Delivery, type DeliveryView } from './event-deliveries.tsx'

export type EventView = ExplainedEvent & {
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
            <NoDeliveries status={status} />
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

function NoDeliveries({ status }: Pick<EventView, 'status'>) {
  if (status !== 'quarantined') return <Empty>No target was to have it.</Empty>
  return (
    <Empty>
      None while it is in quarantine: <a href="/console/quarantine">release it, or put it away</a>.
    </Empty>
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
