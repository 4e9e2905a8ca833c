// Normalizing one event again: what the current mapping would change in it.
import { Empty, Table } from '../components.tsx'
import { Act } from '../forms.tsx'

/** The changes that normalizing an event again would make. */
export type Renormalization = {
  id: string
  was: string
  is: string
  differences: readonly { path: string; was?: unknown; is?: unknown }[]
  /** Why the current mapping does not understand the event; then it is not changed. */
  refused: readonly string[]
}

/** The preview page. */
export function RenormalizePage({ change }: { change: Renormalization }) {
  const { id, was, is, differences, refused } = change
  const action = `/console/events/${id}/renormalize`
  const back = <a href={`/console/events/${id}`}>Back to the event</a>
  if (refused.length > 0) {
    return (
      <Empty>
        The current mapping does not understand this event: {refused.join('; ')}. {back}.
      </Empty>
    )
  }
  if (differences.length === 0) {
    return <Empty>The current mapping gives the same result. {back}.</Empty>
  }
  const shown = (value: unknown) =>
    value === undefined ? '' : <code>{JSON.stringify(value)}</code>
  return (
    <>
      <p>
        {was === is ? `The type stays ${is}.` : `The type changes from ${was} to ${is}.`} The
        received payload is not changed.
      </p>
      <Table
        caption="Changes"
        rows={differences}
        columns={[
          { name: 'path', of: ({ path }) => <code>{path}</code> },
          { name: 'before', of: (one) => shown(one.was) },
          { name: 'after', of: (one) => shown(one.is) },
        ]}
      />
      <div class="acts">
        <Act action={action} name="Apply" />
        <Act action={action} name="Apply and resend" values={{ deliver: 'true' }} isQuiet={true} />
        {back}
      </div>
    </>
  )
}
