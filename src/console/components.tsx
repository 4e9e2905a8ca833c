// The components that pages share: states, times, tables, links.
import type { Child } from 'hono/jsx'
import { showDirections } from '../core/text.ts'

/** The colour of a state: good, bad, warn (needs attention soon), or calm (neutral). */
export type Tone = 'good' | 'bad' | 'warn' | 'calm'

const TONES: Record<string, Tone> = {
  accepted: 'good',
  active: 'good',
  delivered: 'good',
  done: 'good',
  inferred: 'calm',
  duplicate: 'calm',
  pending: 'calm',
  cancelled: 'calm',
  disabled: 'calm',
  stopped: 'calm',
  running: 'warn',
  retrying: 'warn',
  held: 'warn',
  backing_off: 'warn',
  paused: 'warn',
  quarantined: 'bad',
  dead: 'bad',
  failing: 'bad',
  gone: 'bad',
  broken: 'bad',
  unknown: 'bad',
}

/** The tone of a state of an event, a delivery, a target or a replay; calm for any other name. */
export function toneOf(state: string): Tone {
  return TONES[state] ?? 'calm'
}

/** A state as a word in its colour. */
export function State({ name }: { name: string }) {
  return <span class={`state ${toneOf(name)}`}>{name.replaceAll('_', ' ')}</span>
}

/** A time in UTC; nothing for none. `at`: RFC 3339. */
export function Time({ at }: { at: string | null | undefined }) {
  if (!at) return null
  return (
    <time datetime={at} title={at}>
      {at.slice(0, 10)} {at.slice(11, 19)}
    </time>
  )
}

/** A duration in ms, s or min, without a line break in it; empty for null. */
export function duration(ms: number | null): string {
  if (ms === null) return ''
  if (ms < 1000) return `${Math.round(ms)}\xA0ms`
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)}\xA0s` : `${Math.round(ms / 60_000)}\xA0min`
}

/** The text in place of an empty list: why it is empty, and what to do. */
export function Empty({ children }: { children?: Child }) {
  return <p class="empty">{children}</p>
}

/** In place of an empty list of configured sources or targets. */
export function NotConfigured({ what }: { what: 'source' | 'target' }) {
  return (
    <Empty>
      No {what} is configured: add one to {what.toUpperCase()}S in wrangler.toml, and deploy.
    </Empty>
  )
}

/** A column: its name, its cell of a row, and whether that is a number. */
type Column<Row> = { name: string; of: (row: Row) => Child; isNumber?: true }

/** A table, shown as cards on narrow screens. `caption` is for screen readers. */
export function Table<Row>({
  caption,
  columns,
  rows,
  idOf,
}: {
  caption: string
  columns: readonly Column<Row>[]
  rows: readonly Row[]
  /** The id of a row, by which a live list updates it. */
  idOf?: (row: Row) => string
}) {
  const classOf = ({ isNumber }: Column<Row>) => (isNumber ? 'number' : undefined)
  return (
    <div class="wide" data-rows>
      <table aria-label={caption}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th scope="col" class={classOf(column)}>
                {column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr id={idOf?.(row)}>
              {columns.map((column) => (
                <td data-name={column.name} class={classOf(column)}>
                  {column.of(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** JSON, indented; a string as it is. Controls of writing direction are shown as escapes. */
export function Json({ value, id }: { value: unknown; id?: string }) {
  const text = typeof value === 'string' ? value : (JSON.stringify(value, null, 2) ?? '')
  return (
    <pre id={id}>
      <code>{showDirections(text)}</code>
    </pre>
  )
}

/** Texts of vendors beside each other or among ours. None changes the direction or order of what stands around it. */
export function Theirs({ texts, between = ', ' }: { texts: readonly string[]; between?: string }) {
  return (
    <>
      {texts.map((text, i) => (
        <>
          {i > 0 && between}
          <bdi>{text}</bdi>
        </>
      ))}
    </>
  )
}

/** A button that copies the text of an element; without a script, the text can be selected. */
export function Copy({ of }: { of: string }) {
  return (
    <button type="button" class="outline" data-copy={of}>
      Copy
    </button>
  )
}

/** The link to the next page of a list; nothing on the last. */
export function Older({ href }: { href: string | undefined }) {
  return href === undefined ? null : <a href={href}>Older</a>
}

/** In place of an empty page that is not the last: how far back it has searched, and the link that goes on. */
export function SearchOlder({
  what,
  since,
  href,
}: {
  what: 'events' | 'deliveries'
  since: string | undefined
  href: string
}) {
  return (
    <Empty>
      No match since <Time at={since} />. <a href={href}>Search older {what}</a>.
    </Empty>
  )
}

/** A link to an event. */
export function EventLink({ id }: { id: string }) {
  return (
    <a href={`/console/events/${id}`}>
      <code>{id}</code>
    </a>
  )
}

/** The sum of numbers. */
export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
