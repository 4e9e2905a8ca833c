// What became of an event at one target: its delivery, and each attempt with its request and its answer.
import type { Attempt } from '../../core/deliveries/delivery.ts'
import { Act, duration, State, Table, Time } from '../components.tsx'
import { inWords, nextTry, sentence } from '../delivery-reasons.ts'

/** A delivery of an event. The headers of an attempt are those of its request; none when none was made. */
export type DeliveryView = {
  target: string
  state: string
  reason: string | null
  due: string | null
  replayed: boolean
  attempts: readonly (Attempt & { headers: readonly (readonly [string, string])[] })[]
}

/** A delivery with its attempts: what each asked, and what it was answered. */
export function Delivery({
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
        {reason !== null && `${sentence(inWords(reason))} `}
        {replayed && 'An operator asked for it once more. '}
        {nextTry(state, due) !== null && (
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
      {headers.length === 0 ? (
        <p class="quiet">Nothing was sent, as far as is known.</p>
      ) : (
        <pre>{headers.map(([name, value]) => `${name}: ${value}`).join('\n')}</pre>
      )}
      {wait !== undefined && <p>It asked us to wait {wait} s.</p>}
      {response ? <pre>{response}</pre> : <p class="quiet">It said nothing.</p>}
    </details>
  )
}
