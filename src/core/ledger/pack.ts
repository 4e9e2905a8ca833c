// What a pack is made of: the lines of the former version and those of hot events, and the sums of what it has.
import type { EventId } from '../id.ts'
import type { Count } from './ledger.ts'
import type { PackLine } from './pack-line.ts'

/** Lines by their ids' order, some at a time. */
export type LineStream = AsyncIterable<readonly PackLine[]>

/**
 * Merges the lines of a pack's former version with those of hot events, by their ids' order. What is hot (`isHot`) is left out of
 * the former ones: its row is what counts.
 */
export async function* mergeLines(
  former: LineStream,
  hot: LineStream,
  isHot: (id: EventId) => boolean,
): AsyncGenerator<PackLine[]> {
  let waiting: PackLine[] = []
  const others = former[Symbol.asyncIterator]()
  for await (const lines of hot) {
    const last = lines.at(-1)?.id ?? ''
    while ((waiting.at(-1)?.id ?? '') <= last) {
      const next = await others.next()
      if (next.done) break
      waiting.push(...next.value.filter(({ id }) => !isHot(id)))
    }
    const before = waiting.filter(({ id }) => id < last)
    waiting = waiting.slice(before.length)
    yield [...before, ...lines].sort((a, b) => (a.id < b.id ? -1 : 1))
  }
  yield waiting
  for (let next = await others.next(); !next.done; next = await others.next())
    yield next.value.filter(({ id }) => !isHot(id))
}

/** What a pack says of its lines as a whole. */
export type PackSums = { events: number; hasRaw: boolean; states: Record<string, number> }

/** Adds a line to the sums of a pack. */
export function addTo(sums: PackSums, { raw, deliveries }: PackLine): void {
  sums.events++
  if (raw) sums.hasRaw = true
  for (const { state } of deliveries) sums.states[state] = (sums.states[state] ?? 0) + 1
}

/** The sums of no line. */
export const noSums = (): PackSums => ({ events: 0, hasRaw: false, states: {} })

/**
 * A line without the bytes that were received: what is left when their retention is over. A delivery of which the body is the
 * same bytes loses it too.
 */
export function withoutRaw({ raw, ...line }: PackLine): PackLine {
  if (!raw) return raw === undefined ? line : { ...line, raw }
  const deliveries = line.deliveries.map((delivery) => {
    if (delivery.body !== raw) return delivery
    const { body: _, content_type: __, headers: ___, ...others } = delivery
    return others
  })
  return { ...line, deliveries }
}

/** Returns the counts of some lines: their events by source and status, and the deliveries by target and state. */
export function countsOf(lines: Iterable<PackLine>): Count[] {
  const counts = new Map<string, Count>()
  function add(kind: Count['kind'], name: string, state: string, created: number): void {
    const key = `${kind} ${name} ${state}`
    const count = counts.get(key) ?? { kind, name, state, count: 0, created: 0 }
    count.count++
    count.created += created
    counts.set(key, count)
  }
  for (const { source, status, deliveries_created, deliveries } of lines) {
    add('source', source, status, deliveries_created ?? deliveries.length)
    for (const { target, state } of deliveries) add('target', target, state, 0)
  }
  return [...counts.values()]
}
