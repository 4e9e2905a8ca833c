// Group commit: requests that come to an isolate while one of its trips to D1 is under way share the next one, as D1 has
// one writer. What of it is said of one request holds for each of them: its statements stay together and in order, and it
// is told of its own results, or of its own failure.

/** What of D1 it takes to read and write in batches. */
export type Batching = Pick<D1Database, 'prepare' | 'batch'>

/** How long a trip may make others wait; then they go beside it. */
const GATHER_MS = 10

/** Statements of a group. A request may lead two, and on the free plan it has 50 queries. */
const MAX_STATEMENTS = 20

/** A request that goes along. What it is told belongs to its own I/O context: nothing but a promise may cross over. */
type Member = {
  statements: D1PreparedStatement[]
  /** Its results; or nothing, when it has to go by itself. */
  resolve: (results: D1Result[] | undefined) => void
  reject: (error: unknown) => void
}

type Group = { members: Member[]; size: number; until: number }

/** Epoch milliseconds, and what lets the present request do its work although its sender has hung up. */
type GroupTools = { now: () => number; waitUntil: (work: Promise<unknown>) => void }

const shared = new WeakMap<D1Database, Batching>()

/**
 * Gives a database, the same one to all requests of an isolate, with a `batch` that several of them may share. It rejects
 * as D1's own does. Whoever calls it needs a timer of their own, as `withinTimeout` has: the runtime takes a request that
 * waits for others alone for one that hangs.
 */
export function groupCommit(db: D1Database, tools: GroupTools): Batching {
  const batching = shared.get(db) ?? share(db, tools)
  shared.set(db, batching)
  return batching
}

function share(db: D1Database, { now, waitUntil }: GroupTools): Batching {
  /** The trip that began last, as long as it is under way. One that was cut off is waited for no longer than another. */
  let latest: { until: number; tellEnd: () => void } | undefined
  /** Who waits for its end, and takes others along. */
  let gathering: Group | undefined

  async function batch(statements: D1PreparedStatement[]): Promise<D1Result[]> {
    const at = now()
    const group = gathering
    const hasRoom = group !== undefined && group.size + statements.length <= MAX_STATEMENTS
    if (hasRoom && at <= group.until) return goAlong(group, statements)
    if (latest === undefined || at >= latest.until) return travel(statements)
    const led = lead(statements, latest, latest.until - at)
    // Others rely on it: it goes on when its own sender hangs up.
    waitUntil(led.catch(() => {}))
    return led
  }

  async function goAlong(group: Group, statements: D1PreparedStatement[]): Promise<D1Result[]> {
    // Not `new Promise`: where V8 inlines that, workerd does not know whose the promise is, and goes on in the I/O
    // context of whoever resolves it (workerd, patches/v8, "Promise Context Tagging"), which ends before this one.
    const { promise, resolve, reject } = Promise.withResolvers<D1Result[] | undefined>()
    group.members.push({ statements, resolve, reject })
    group.size += statements.length
    return (await promise) ?? db.batch(statements)
  }

  async function lead(
    statements: D1PreparedStatement[],
    before: { until: number; tellEnd: () => void },
    ms: number,
  ): Promise<D1Result[]> {
    const group: Group = { members: [], size: statements.length, until: before.until }
    gathering = group
    const { promise: end, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, ms)
    const tellOthers = before.tellEnd
    before.tellEnd = () => {
      tellOthers()
      resolve()
    }
    await end
    clearTimeout(timer)
    if (gathering === group) gathering = undefined
    const { members } = group
    try {
      const results = await travel([...statements, ...members.flatMap((one) => one.statements)])
      const own = results.splice(0, statements.length)
      for (const one of members) one.resolve(results.splice(0, one.statements.length))
      return own
    } catch (error) {
      const isOne = members.length === 0
      // Whose fault it was is found out by going one by one, but only if none of it is written.
      if (isOne || !isRolledBack(error)) {
        for (const { reject } of members) reject(error)
        throw error
      }
      for (const one of members) one.resolve(undefined)
      return db.batch(statements)
    }
  }

  async function travel(statements: D1PreparedStatement[]): Promise<D1Result[]> {
    const trip = { until: now() + GATHER_MS, tellEnd: () => {} }
    latest = trip
    try {
      return await db.batch(statements)
    } finally {
      if (latest === trip) latest = undefined
      trip.tellEnd()
    }
  }

  return { prepare: (query) => db.prepare(query), batch: batch as D1Database['batch'] }
}

/** True when SQLite itself has refused a statement, so that nothing of its transaction is written. */
function isRolledBack(error: unknown): boolean {
  return /\bSQLITE_[A-Z]+/.test(String(error))
}
