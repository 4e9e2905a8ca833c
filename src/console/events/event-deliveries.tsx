// A delivery of an event, and each attempt with its request and response.
import type { Attempt } from '../../core/deliveries/delivery.ts'
import { nextAttempt } from '../../core/deliveries/delivery.ts'
import { duration, State, Table, Time } from '../components.tsx'
import { fullReason } from '../delivery-reasons.ts'
import { Act } from '../forms.tsx'

/** A delivery of an event. `headers` of an attempt: those of its request; none when no request was made. */
export type DeliveryView = {
  target: string
  state: string
  reason: string | null
  due: string | null
  /** When its target is probed next, while that is backing off. */
  nextProbe: string | null
  replayed: boolean
  attempts: readonly (Attempt & { headers: readonly (readonly [string, string])[] })[]
}

/** A delivery with its attempts. */
export function Delivery({
  id,
  delivery: { target, state, reason, due, nextProbe, replayed, attempts },
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
        {reason !== null && `${fullReason(reason, target)} `}
        {state === 'held' && nextProbe !== null && (
          <>
            Next probe at <Time at={nextProbe} />.{' '}
          </>
        )}
        {replayed && 'Replayed by an operator. '}
        {nextAttempt(state, due) !== null && (
          <>
            Next attempt at <Time at={due} />.
          </>
        )}
      </p>
      {attempts.length > 0 && (
        <Table
          caption={`Attempts to ${target}`}
          rows={attempts}
          columns={[
            { name: 'attempt', of: ({ attempt }) => attempt, isNumber: true },
            { name: 'time', of: ({ at }) => <Time at={at} /> },
            { name: 'duration', of: ({ ms }) => duration(ms), isNumber: true },
            {
              name: 'response',
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
            name={`Resend to ${target}`}
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
      <summary>Request and response</summary>
      {headers.length === 0 ? (
        <p class="quiet">No request was sent, as far as is known.</p>
      ) : (
        <pre>{headers.map(([name, value]) => `${name}: ${value}`).join('\n')}</pre>
      )}
      {wait !== undefined && <p>Retry-After: {wait} s</p>}
      {response ? <pre>{response}</pre> : <p class="quiet">Empty response body.</p>}
    </details>
  )
}

/** The page that asks before an event is sent to a target that never wanted it. */
export function ResendQuestion({ id, target }: { id: string; target: string }) {
  const page = `/console/events/${encodeURIComponent(id)}`
  return (
    <>
      <p class="notice bad" role="alert">
        {target} never wanted this event: its configuration does not select it, and it never got it.
      </p>
      <div class="acts">
        <Act
          action={`${page}/replay`}
          name={`Send it to ${target} all the same`}
          values={{ target, force: 'true' }}
          isQuiet={true}
        />
        <a href={page}>Cancel</a>
      </div>
    </>
  )
}
