// Quarantined messages by cause: shown, released once they are understood, or dismissed with a reason.
import { pluralize } from '../../core/text.ts'
import { Empty, EventLink, Older, sum, Table, Theirs, Time } from '../components.tsx'
import { Act, ChangeForm, Hidden } from '../forms.tsx'
import { linkTo } from '../links.ts'

/** A cause of quarantine, with the messages of one source and type that have it. */
type CauseView = {
  source: string
  vendortype: string | null
  cause: string
  count: number
  first_at: string
  last_at: string
  events: readonly string[]
}

const PATH = '/console/quarantine'

/** The page. */
export function Quarantine({
  causes,
  next,
}: {
  causes: readonly CauseView[]
  next: string | undefined
}) {
  if (causes.length === 0 && next === undefined) {
    return <Empty>The quarantine is empty: every message was understood.</Empty>
  }
  return (
    <>
      <p>
        These messages are stored, but were not understood. Fix the mapping or the configuration,
        deploy, and release them; or dismiss them.
      </p>
      {causes.map((cause) => (
        <Cause cause={cause} />
      ))}
      <Older href={next === undefined ? undefined : linkTo(PATH, { next })} />
    </>
  )
}

/** The fields of a form that select the messages of a cause. */
function filterOf({ source, vendortype, cause }: CauseView): Record<string, string> {
  return { source, cause, ...(vendortype === null ? {} : { vendortype }) }
}

/** A heading. A message whose type is the cause has a type that the relay does not know, or none at all. */
function Title({ of: { vendortype, cause } }: { of: CauseView }) {
  const isUnknown = /^type: /.test(cause)
  return (
    <h2>
      {isUnknown && vendortype !== null && 'Unknown event type '}
      {vendortype === null ? (
        'No event type'
      ) : (
        <bdi>{isUnknown ? `"${vendortype}"` : vendortype}</bdi>
      )}
      {!isUnknown && (
        <>
          : <bdi>{cause}</bdi>
        </>
      )}
    </h2>
  )
}

function Cause({ cause: one }: { cause: CauseView }) {
  const { source, cause, count, first_at, last_at, events } = one
  return (
    <article>
      <Title of={one} />
      <p>
        {pluralize(count, 'message')} from{' '}
        <a href={linkTo('/console/events', { source, status: 'quarantined' })}>{source}</a>,{' '}
        <Time at={first_at} /> to <Time at={last_at} />. Latest:{' '}
        {events.map((id) => (
          <>
            <EventLink id={id} />{' '}
          </>
        ))}
      </p>
      <footer class="acts">
        <Act
          method="preview"
          action={`${PATH}/plan`}
          name="Preview release"
          values={filterOf(one)}
        />
        <ChangeForm action={`${PATH}/dismiss`}>
          <Hidden values={filterOf(one)} />
          <input
            name="reason"
            required
            maxlength={500}
            placeholder="reason"
            aria-label={`Reason to dismiss: ${cause}`}
          />
          <button type="submit" class="outline">
            Dismiss
          </button>
        </ChangeForm>
      </footer>
    </article>
  )
}

/** A release or its preview. `filter`: the fields that select its messages; `next`: the start of the next page. */
type ReleaseView = {
  filter: Record<string, string>
  isDryRun: boolean
  released: readonly { id: string; status: string; type: string; deliveries: number }[]
  refused: readonly { id: string; issues: readonly string[] }[]
  next: string | undefined
}

/** The page of a release, and of its preview. */
export function Release({ view }: { view: ReleaseView }) {
  const { filter, isDryRun, released, refused, next } = view
  const would = isDryRun ? 'would be released' : 'released'
  return (
    <>
      <p role="status">
        {pluralize(released.length, 'message')} {would} (
        {pluralize(sum(released.map(({ deliveries }) => deliveries)), 'delivery', 'deliveries')}
        ); {refused.length} still not understood{next === undefined ? '' : '; there are more'}.
      </p>
      {released.length > 0 && (
        <Table
          caption="Released"
          rows={released}
          columns={[
            { name: 'event', of: ({ id }) => <EventLink id={id} /> },
            { name: 'type', of: ({ type }) => type },
            { name: 'deliveries', of: ({ deliveries }) => deliveries, isNumber: true },
          ]}
        />
      )}
      {refused.length > 0 && (
        <Table
          caption="Still not understood"
          rows={refused}
          columns={[
            { name: 'event', of: ({ id }) => <EventLink id={id} /> },
            { name: 'reason', of: ({ issues }) => <Theirs texts={issues} between="; " /> },
          ]}
        />
      )}
      <div class="acts">
        {isDryRun && released.length > 0 && (
          <Act action={`${PATH}/release`} name="Release" values={filter} />
        )}
        {next !== undefined && (
          <Act
            method={isDryRun ? 'preview' : 'post'}
            action={isDryRun ? `${PATH}/plan` : `${PATH}/release`}
            name={isDryRun ? 'Preview the next' : 'Release the next'}
            values={{ ...filter, after: next }}
            isQuiet={true}
          />
        )}
        <a href={PATH}>Back to the quarantine</a>
      </div>
    </>
  )
}
