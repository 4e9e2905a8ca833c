// Erasing a person: what would be erased, the receipt, and who was erased.
import { ERASED_PLACES, type ErasedPlace } from '../../core/operate/erasure/erasure.ts'
import { pluralize } from '../../core/text.ts'
import { Empty, State, Table, Time } from '../components.tsx'
import { Act, ChangeForm } from '../forms.tsx'

const PATH = '/console/people'

/** What erasing a person would erase. */
export type PlanView = { contacts: number; events: number; deliveries: number; cancelled: number }

/** An erasure. Times are RFC 3339. */
export type ErasureView = {
  person: string
  state: 'erasing' | 'done'
  step: string
  asked_at: string
  done_at: string | null
  suppress: boolean
  kept_out: number
  kept_out_at: string | null
  counts: Partial<Record<ErasedPlace, number>>
}

/** The page that asks before a person is erased. */
export function ErasurePlan({ id, plan }: { id: string; plan: PlanView }) {
  const { contacts, events, deliveries, cancelled } = plan
  return (
    <>
      <p>
        {pluralize(contacts, 'contact')}, {pluralize(events, 'event')} and{' '}
        {pluralize(deliveries, 'delivery', 'deliveries')} would lose every value, and whatever else
        is stored of this person too: messages in quarantine, answers, filters, the archive.
        {cancelled > 0 && ` ${pluralize(cancelled, 'delivery', 'deliveries')} would be cancelled.`}
      </p>
      <p>
        What stays is that each event was received, and when: the accounting still adds up. Targets
        that ask for <code>contact.erased</code> are told. This cannot be undone.
      </p>
      <ChangeForm action={`${PATH}/${id}/erase`}>
        <label>
          <input type="checkbox" name="sure" value="yes" required /> Erase everything about {id}
        </label>
        <label>
          <input type="checkbox" name="suppress" value="yes" /> Keep later messages of these
          contacts out
        </label>
        <button type="submit">Erase</button>
      </ChangeForm>
      <p>
        <a href={`${PATH}/${id}`}>Back to the person</a>
      </p>
    </>
  )
}

/** The page of one erasure: its receipt in words. */
export function Erasure({ erasure, values }: { erasure: ErasureView; values: number }) {
  const { person, state, step, asked_at, done_at, counts, suppress, kept_out, kept_out_at } =
    erasure
  const lines = Object.entries(counts).filter(([, count]) => count > 0)
  const path = `${PATH}/${person}`
  return (
    <>
      <p>
        <State name={state} /> Asked for <Time at={asked_at} />
        {done_at !== null && (
          <>
            , done <Time at={done_at} />
          </>
        )}
        .
        {step === 'told' && ' Targets are being told; what tells them is erased when they have it.'}
      </p>
      {state === 'erasing' && step !== 'told' && (
        <>
          <p>It goes on each minute, or at once:</p>
          <Act action={`${path}/erase`} name="Go on" values={{ sure: 'yes' }} />
        </>
      )}
      <h2>Erased</h2>
      <Table
        caption="Erased"
        rows={lines}
        columns={[
          { name: 'number', of: ([, count]) => count },
          { name: 'of', of: ([place]) => ERASED_PLACES[place as ErasedPlace] },
        ]}
      />
      <p class="quiet">
        The receipt has the hashes of {pluralize(values, 'value')}. Search for them:{' '}
        <code>npm run relay -- people erased {person} --verify</code>
      </p>
      <h2>Later messages</h2>
      <p>
        {suppress ? 'They are kept out.' : 'They are another person.'}
        {kept_out > 0 && ` ${pluralize(kept_out, 'message')} kept out, the last `}
        {kept_out_at !== null && <Time at={kept_out_at} />}
      </p>
      <Act
        action={`${path}/suppress`}
        name={suppress ? 'Let them in again' : 'Keep them out'}
        values={suppress ? {} : { suppress: 'yes' }}
        isQuiet={true}
      />
    </>
  )
}

/** The page of all who were erased. */
export function ErasedPeople({ erasures }: { erasures: readonly ErasureView[] }) {
  if (erasures.length === 0) return <Empty>Nobody was erased.</Empty>
  return (
    <Table
      caption="Erased people"
      rows={erasures}
      columns={[
        { name: 'person', of: ({ person }) => <a href={`${PATH}/${person}/erasure`}>{person}</a> },
        { name: 'state', of: ({ state }) => <State name={state} /> },
        { name: 'asked', of: ({ asked_at }) => <Time at={asked_at} /> },
        { name: 'events', of: ({ counts }) => counts.events ?? 0 },
        {
          name: 'later messages',
          of: ({ suppress }) => (suppress ? 'kept out' : 'another person'),
        },
        { name: 'kept out', of: ({ kept_out }) => kept_out },
      ]}
    />
  )
}
