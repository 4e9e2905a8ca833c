// The simulator: forms for one message and for a journey, and the result.
import { pluralize } from '../../core/text.ts'
import { Empty, EventLink, State, Table } from '../components.tsx'
import { Act, ChangeForm, Field } from '../forms.tsx'
import { linkTo } from '../links.ts'

/** A source, and the types of messages that its vendor sends. */
type SimulationSource = { source: string; types: readonly string[] }

const PATH = '/console/simulate'

/** The effect of each switch. */
const SWITCHES: Record<string, string> = {
  duplicates: 'send some messages twice',
  reordering: 'swap some messages',
  lateness: 'send some messages days late',
  drift: 'change the fields of some messages',
  junk: 'also send malformed messages',
}

/** The page. */
export function Simulate({
  sources,
  switches,
  maxMembers,
}: {
  sources: readonly SimulationSource[]
  /** The names of the switches. */
  switches: readonly string[]
  maxMembers: number
}) {
  if (sources.length === 0) {
    return (
      <Empty>
        No usable source is configured. <a href="/console/set-up">Go to the set-up</a>.
      </Empty>
    )
  }
  return (
    <>
      <p>
        Simulated messages are authenticated like real ones, and marked as tests. Targets with{' '}
        <code>test = false</code> do not get them.
      </p>
      <div class="pair" data-change="">
        <article>
          <h2>One message</h2>
          {sources.map(({ source, types }) => (
            <ChangeForm action={PATH} class="filter">
              <input type="hidden" name="source" value={source} />
              <label>
                {source}
                <select name="type">
                  {types.map((type) => (
                    <option value={type}>{type}</option>
                  ))}
                </select>
              </label>
              <Field label="E-mail address" name="email" hint="random" />
              <button type="submit">Send</button>
            </ChangeForm>
          ))}
        </article>
        <article>
          <h2>Member journey, from joining to leaving</h2>
          <ChangeForm action={PATH}>
            <div class="filter">
              <label>
                Source
                <select name="source">
                  {sources.map(({ source }) => (
                    <option value={source}>{source}</option>
                  ))}
                </select>
              </label>
              <label>
                Members
                <input type="number" name="members" min="1" max={maxMembers} value="1" required />
              </label>
              <Field label="Seed" name="seed" hint="random" />
            </div>
            <fieldset>
              <legend>With</legend>
              {switches.map((name) => (
                <label>
                  <input type="checkbox" name={name} value="true" />
                  {name}: {SWITCHES[name]}
                </label>
              ))}
            </fieldset>
            <button type="submit">Start</button>
          </ChangeForm>
        </article>
      </div>
    </>
  )
}

/** A page of a plan, after sending. `again`: the fields of the form that sends the next page. */
type SimulationView = {
  source: string
  seed: string
  total: number
  steps: readonly {
    step: number
    member: number
    name: string
    vendortype: string | null
    troubles: readonly string[]
    status: number
    answer: Record<string, unknown> | null
  }[]
  again: Record<string, string> | undefined
}

/** The page after sending. */
export function SimulationResult({
  sent: { source, seed, total, steps, again },
}: {
  sent: SimulationView
}) {
  const last = (steps.at(-1)?.step ?? -1) + 1
  return (
    <>
      <p role="status">
        {last} of {pluralize(total, 'message')} sent to {source}, seed <code>{seed}</code>.
      </p>
      <div class="acts">
        {again !== undefined && <Act action={PATH} name="Send the next" values={again} />}
        <a href={linkTo('/console/events', { source })}>Show events</a>
        <a href={PATH}>Simulate something else</a>
      </div>
      <Table
        caption="Messages"
        rows={steps}
        columns={[
          { name: 'member', of: ({ member }) => member, isNumber: true },
          {
            name: 'step',
            of: ({ name, troubles }) => [name.replaceAll('_', ' '), ...troubles].join(', '),
          },
          { name: 'type sent', of: ({ vendortype }) => vendortype ?? '' },
          { name: 'response', of: ({ status }) => status, isNumber: true },
          { name: 'result', of: ({ answer }) => <Result answer={answer} /> },
          {
            name: 'event',
            of: ({ answer }) => (answer?.id ? <EventLink id={String(answer.id)} /> : ''),
          },
        ]}
      />
    </>
  )
}

function Result({ answer }: { answer: Record<string, unknown> | null }) {
  if (typeof answer?.status !== 'string')
    return <span class="bad">{String(answer?.title ?? '')}</span>
  return (
    <span>
      <State name={answer.status} /> {String(answer.type ?? '')}
    </span>
  )
}
