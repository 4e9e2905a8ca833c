// What needs attention of a source: its configuration, its silence, and its requests that were refused.
import { formatInstant } from '../../events/time.ts'
import type { Refusals } from '../../intake/refusals.ts'
import { isUnusuallySilent } from '../../ledger/rhythm.ts'
import type { SourceFigures } from '../../ledger/snapshot.ts'
import { clockTime, pluralize } from '../../text.ts'
import { type Attention, entry } from './entry.ts'

/** A source, and its figures of the last minute. `broken`: why its configuration cannot be used. */
export type SourceFacts = {
  name: string
  broken: string | undefined
  figures: SourceFigures | undefined
}

const at = (ms: number, now: number) => clockTime(formatInstant(ms), now)

/** What needs attention of a source at `now` (epoch milliseconds). */
export function ofSource({ name, broken, figures }: SourceFacts, now: number): Attention[] {
  if (broken !== undefined) {
    const words = `The source ${name} has a configuration error: ${broken}.`
    return entry('source_broken', 'source', name, words)
  }
  const lastSeen = figures?.lastSeen ?? null
  if (figures === undefined || lastSeen === null) return []
  if (!isUnusuallySilent(figures.rhythm, lastSeen, now)) return []
  const words = `The source ${name} has been silent since ${at(lastSeen, now)}, longer than ever in the weeks before.`
  return entry('source_silent', 'source', name, words)
}

/** From how many a day on refused requests need attention. Anybody can send one; a vendor with a wrong secret tries again. */
const MIN_REFUSED = 3

/** The same for names that are no source: anything on the internet tries addresses now and then. */
const MIN_REFUSED_UNKNOWN = 20

/** Nobody sends webhooks with other methods: these are visits. */
const HARMLESS = 'method_not_allowed'

/** Requests of the last day that were refused: one entry for each source, and one for names that are not configured. */
export function ofRefusals(refusals: readonly Refusals[], now: number): Attention[] {
  const counted = refusals.filter(({ cause }) => cause !== HARMLESS)
  return [...Map.groupBy(counted, ({ source }) => source)].flatMap(([source, own]) => {
    const total = own.reduce((sum, { count }) => sum + count, 0)
    const isLost = own.some(({ cause }) => cause === 'not_stored')
    const least = source === null ? MIN_REFUSED_UNKNOWN : MIN_REFUSED
    if (total < least && !isLost) return []
    const last = at(Math.max(...own.map((one) => one.last)), now)
    const causes = own.map(({ cause, count }) => `${count} ${cause}`).join(', ')
    const requests = pluralize(total, 'request')
    const where = source === null ? 'names that are no source' : `the source ${source}`
    const were = `${requests} to ${where} ${total === 1 ? 'was' : 'were'} refused in the last 24 hours`
    const why = source === null ? '' : ` (${causes})`
    const words = `${were}${why}, the last at ${last}.`
    return entry('requests_refused', 'source', source, words)
  })
}
