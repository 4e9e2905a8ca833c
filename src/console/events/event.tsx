// One event: the received payload, the normalized event and why it is so, and its deliveries.

import type { Child } from 'hono/jsx'
import { decisionsOf, type ExplainedEvent } from '../../core/events/explain/decisions.ts'
import { Copy, Empty, EventLink, Json, State, Table, Time } from '../components.tsx'
import { Act, ChangeForm } from '../forms.tsx'
import { Live } from '../live.tsx'
import { Delivery, type DeliveryView } from './event-deliveries.tsx'

export type EventView = ExplainedEvent & {
  id: string
  receivedat: string
  source: string
  vendor: string
  issues: { path: string; message: string }[] | null
  raw: { text: string | null; encoding: string; headers: unknown; unreadable?: string }
  deliveries: readonly DeliveryView[]
  /** Whether a vendor sent it: it is neither inferred nor the relay's own. */
  isSentByVendor: boolean
  /** The vendor's request as a curl command; undefined without one, and when the payload is past its retention. */
  curl: string | undefined
  /** What the answers to a test event say, in sentences; none for another event. */
  testWords: readonly (readonly string[])[]
  /** Whether an attempt is due soon, or was due a moment ago. */
  isMoving: boolean
  /** The configured targets to which it can be sent. `isRight`: it had the event or wants it. */
  targets: readonly { name: string; isRight: boolean }[]
}

/** The page. */
export function EventPage({ event }: { event: EventView }) {
  const { id, type, status, source, vendor, receivedat, personid, deliveries } = event
  const isSendable = status === 'accepted' || status === 'inferred'
  return (
    <>
      <p>
        <b>{type}</b> <State name={status} /> from {source}
        {vendor === source ? '' : ` (${vendor})`}, received <Time at={receivedat} />
        {personid !== null && (
          <>
            , person <a href={`/console/people/${personid}`}>{personid}</a>
          </>
        )}
      </p>
      <Acts event={event} isSendable={isSendable} />
      <Issues event={event} />
      {event.testWords.map((words) => (
        <article>
          <h2>What came back</h2>
          {words.map((sentence) => (
            <p>{sentence}</p>
          ))}
        </article>
      ))}
      <div class="pair">
        <article>
          <h2>Received payload</h2>
          <Payload event={event} />
        </article>
        <article>
          <h2>Normalized event</h2>
          {event.event === null ? (
            <Empty>None: the message was not understood.</Empty>
          ) : (
            <Json value={event.event} />
          )}
        </article>
      </div>
      <Decisions decisions={decisionsOf(event)} />
      <section>
        <h2>Deliveries</h2>
        <LiveDeliveries event={event}>
          {deliveries.length === 0 ? (
            <NoDeliveries status={status} />
          ) : (
            deliveries.map((delivery) => (
              <Delivery id={id} delivery={delivery} isSendable={isSendable} />
            ))
          )}
        </LiveDeliveries>
      </section>
    </>
  )
}

function NoDeliveries({ status }: Pick<EventView, 'status'>) {
  if (status !== 'quarantined') return <Empty>No target matched.</Empty>
  return (
    <Empty>
      None while it is in quarantine. <a href="/console/quarantine">Release or dismiss it</a>.
    </Empty>
  )
}

/** Updates the deliveries while an attempt is near; otherwise an update could only close details being read. */
function LiveDeliveries({
  event: { id, isMoving },
  children,
}: {
  event: EventView
  children?: Child
}) {
  if (!isMoving) return <div id="deliveries">{children}</div>
  return (
    <Live id="deliveries" url={`/console/events/${id}`} seconds={2}>
      {children}
    </Live>
  )
}

function Acts({ event, isSendable }: { event: EventView; isSendable: boolean }) {
  const { id, targets, status, curl, deliveries } = event
  const replay = `/console/events/${id}/replay`
  const count = deliveries.filter(({ target }) =>
    targets.some(({ name }) => name === target),
  ).length
  const all = count === 1 ? 'its target' : `all ${count} targets`
  return (
    <>
      <div class="acts">
        {isSendable && count > 0 && <Act action={replay} name={`Resend to ${all}`} />}
        {isSendable && targets.length > 0 && (
          <ChangeForm action={replay}>
            <label>
              Resend to{' '}
              <select name="target" required>
                {targets.every(({ isRight }) => !isRight) && <option value="">choose …</option>}
                <Options label="Had it or want it" of={targets.filter(({ isRight }) => isRight)} />
                <Options label="Never wanted it" of={targets.filter(({ isRight }) => !isRight)} />
              </select>
            </label>
            <button type="submit" class="outline">
              Resend
            </button>
          </ChangeForm>
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
          <summary>Request as a curl command</summary>
          <pre id="curl">
            <bdi>{curl}</bdi>
          </pre>
          <Copy of="curl" />
        </details>
      )}
    </>
  )
}

function Options({ label, of }: { label: string; of: EventView['targets'] }) {
  if (of.length === 0) return null
  return (
    <optgroup label={label}>
      {of.map(({ name }) => (
        <option value={name}>{name}</option>
      ))}
    </optgroup>
  )
}

function Issues({ event: { issues, event } }: { event: EventView }) {
  const { warnings = [] } = (event as { data?: { warnings?: string[] } } | null)?.data ?? {}
  if (!issues?.length && warnings.length === 0) return null
  return (
    <ul class="attention">
      {(issues ?? []).map(({ path, message }) => (
        <li>
          Not understood: <bdi>{path}</bdi>: {message}.
        </li>
      ))}
      {warnings.map((warning) => (
        <li>
          Warning: <bdi>{warning}</bdi>.
        </li>
      ))}
    </ul>
  )
}

function Payload({ event: { isSentByVendor, raw } }: { event: EventView }) {
  const { text, encoding, headers, unreadable } = raw
  if (!isSentByVendor) return <Empty>None: no vendor sent this event.</Empty>
  if (unreadable !== undefined) return <Empty>The payload is kept, but {unreadable}.</Empty>
  if (text === null) return <Empty>The payload is past its retention.</Empty>
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

function Decisions({ decisions }: { decisions: ReturnType<typeof decisionsOf> }) {
  if (decisions.length === 0) return null
  return (
    <section>
      <h2>Why</h2>
      <Table
        caption="Decisions"
        rows={decisions}
        columns={[
          { name: 'field', of: ({ what }) => what },
          { name: 'value', of: ({ is }) => <code>{is}</code> },
          {
            name: 'reason',
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
    </section>
  )
}
