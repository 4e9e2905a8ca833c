// Reading one event again: what the present mapping would change of it.
import { Act, Empty, Table } from '../components.tsx'

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
