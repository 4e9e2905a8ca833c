// Group commit: requests of one isolate that arrive while it waits for a D1 batch share the next batch, since D1 has one
// writer. The statements of a request stay together and in order, and each request gets its own results or its own error.
// Only when the answer to a batch is lost, it is lost for the whole group. Under load, a request reads one or two batches
// earlier than it would alone: code that reads and then writes must handle a change in between, as it must without groups.

/** The part of a D1 database that reads and writes in batches. */
export type BatchDatabase = Pick<D1Database, 'prepare' | 'batch'>

/** How long a flush may delay other requests; after that they flush beside it. */
const MAX_WAIT_MS = 10

/**
 * How many statements of others a request may flush in total. The free plan allows 50 queries for each invocation, and
 * recording an event may take more than 30: it is read and written up to three times, and each write may be refused in a
 * group and then run alone.
 */
const FOLLOWER_BUDGET = 16

/** A request that joined a group. It has its own I/O context: only a promise may cross from one context to the other. */
type Follower = {
  statements: D1PreparedStatement[]
  /** Called with its results, or with undefined if it must run its statements alone. */
  resolve: (results: D1Result[] | undefined) => void
  reject: (error: unknown) => void
}

/** The followers of a leader that has not flushed yet. `budget`: how many more statements it accepts; `until`: how long. */
type PendingGroup = { followers: Follower[]; budget: number; until: number }

/** A batch that D1 is working on. `until`: how long others wait for its end, in epoch milliseconds. */
type Flush = { until: number; onEnd: () => void }

/** The state that the requests of an isolate share. Its times limit how long a request waits for one that was cut off. */
type Shared = {
  /** The flush that started last, while D1 is working on it. */
  current?: Flush | undefined
  /** The group whose leader waits for that flush. */
  pending?: PendingGroup | undefined
}

const sharedByDatabase = new WeakMap<D1Database, Shared>()

/**
 * Returns the database for one request, with a `batch` that may run together with those of other requests. It rejects as
 * D1's `batch` does. `now` in epoch milliseconds; `waitUntil` keeps a request running after its client has disconnected. The caller needs a timer of its own, such as `withTimeout`: the runtime treats a request that waits
 * only for other requests as hanging.
 */
export function groupCommit(
  db: D1Database,
  { now, waitUntil }: { now: () => number; waitUntil: (work: Promise<unknown>) => void },
): BatchDatabase {
  const shared = sharedByDatabase.get(db) ?? {}
  sharedByDatabase.set(db, shared)
  let budget = FOLLOWER_BUDGET

  async function batch(statements: D1PreparedStatement[]): Promise<D1Result[]> {
    const time = now()
    const { pending, current } = shared
    const fits = pending !== undefined && statements.length <= pending.budget
    if (fits && time <= pending.until) return join(pending, statements)
    if (current === undefined || time >= current.until) return flush(statements, [])
    const results = lead(statements, current, Math.min(current.until - time, MAX_WAIT_MS))
    // The followers depend on it.
    waitUntil(results.catch(() => {}))
    return results
  }

  async function join(group: PendingGroup, statements: D1PreparedStatement[]): Promise<D1Result[]> {
    // Not `new Promise`: where V8 inlines that, workerd does not know whose the promise is, and continues in the I/O
    // context of the request that resolves it (workerd, patches/v8, "Promise Context Tagging"), which ends before this one.
    const { promise, resolve, reject } = Promise.withResolvers<D1Result[] | undefined>()
    group.followers.push({ statements, resolve, reject })
    group.budget -= statements.length
    return (await promise) ?? db.batch(statements)
  }

  /** Waits until `current` ends, at most `ms`, then flushes together with the requests that joined in the meantime. */
  async function lead(
    statements: D1PreparedStatement[],
    current: Flush,
    ms: number,
  ): Promise<D1Result[]> {
    const group: PendingGroup = { followers: [], budget, until: current.until }
    shared.pending = group
    // Another request resolves it: no `new Promise` here either.
    const { promise: end, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, ms)
    const notifyOthers = current.onEnd
    current.onEnd = () => {
      notifyOthers()
      resolve()
    }
    await end
    clearTimeout(timer)
    shared.pending = undefined
    for (const follower of group.followers) budget -= follower.statements.length
    return flush(statements, group.followers)
  }

  async function flush(
    statements: D1PreparedStatement[],
    followers: Follower[],
  ): Promise<D1Result[]> {
    const own: Flush = { until: now() + MAX_WAIT_MS, onEnd: () => {} }
    shared.current = own
    try {
      const all = [...statements, ...followers.flatMap((follower) => follower.statements)]
      const results = await db.batch(all)
      const ownResults = results.splice(0, statements.length)
      for (const follower of followers) {
        follower.resolve(results.splice(0, follower.statements.length))
      }
      return ownResults
    } catch (error) {
      if (followers.length === 0 || !isStatementError(error)) {
        for (const { reject } of followers) reject(error)
        throw error
      }
      for (const follower of followers) follower.resolve(undefined)
      return db.batch(statements)
    } finally {
      if (shared.current === own) shared.current = undefined
      own.onEnd()
    }
  }

  return { prepare: (query) => db.prepare(query), batch: batch as D1Database['batch'] }
}

/**
 * True when SQLite refused one of the statements. The transaction wrote nothing, and the requests of the group retry one
 * by one, so that only the one with that statement fails. A failure of D1 itself is not retried: it would happen again.
 */
function isStatementError(error: unknown): boolean {
  return /\bSQLITE_(CONSTRAINT|ERROR|MISMATCH|TOOBIG)\b/.test(String(error))
}

/** Whether an error is that of D1 as a whole, and not of one statement or of the code. */
export function isD1Failure(error: unknown): boolean {
  return /\bD1|\bSQLITE/.test(String(error)) && !isStatementError(error)
}
