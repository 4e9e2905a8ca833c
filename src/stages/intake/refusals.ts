// Counts refused requests. A flood of them must not become a flood of writes: an isolate counts in memory, and writes what
// it has counted once a minute at most, after an answer. An isolate that ends loses what it counted since: a minute's at most.
import { mergeRefusals, type Refusals } from '../../core/intake/refusals.ts'
import type { Env, Tools } from '../../env.ts'
import { addRefusals } from '../../store/ledger/refusals.ts'

const PAUSE_MS = 60_000

/** What an isolate has counted and not written, and when it last wrote. */
type Counter = { counts: Refusals[]; writtenAt: number }

const counters = new WeakMap<D1Database, Counter>()

function counterOf(db: D1Database): Counter {
  const known = counters.get(db) ?? { counts: [], writtenAt: Number.NEGATIVE_INFINITY }
  counters.set(db, known)
  return known
}

/** Counts a refused request. */
export function countRefusal(db: D1Database, refusal: Omit<Refusals, 'count'>): void {
  const counter = counterOf(db)
  counter.counts = mergeRefusals(...counter.counts, { ...refusal, count: 1 })
}

/**
 * Writes what was counted, after the answer, unless the last write was less than a minute ago. Call it at every request:
 * the first one after that minute writes. Counts that D1 does not take are written later.
 */
export function flushRefusals({ DB }: Pick<Env, 'DB'>, { now, waitUntil, log }: Tools): void {
  const counter = counterOf(DB)
  const { counts } = counter
  if (counts.length === 0 || now() - counter.writtenAt < PAUSE_MS) return
  counter.counts = []
  counter.writtenAt = now()
  const writing = addRefusals(DB, counts).catch((error) => {
    counter.counts = mergeRefusals(...counts, ...counter.counts)
    log({ at: 'refusals', fault: 'refused requests were not counted yet', detail: String(error) })
  })
  waitUntil(writing)
}
