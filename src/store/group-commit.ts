// Group commit: requests that come to an isolate while one of its trips to D1 is under way share the next one, as D1 has
// one writer. The statements of each stay together and in order, and each is told of its own results, or of its own
// failure; only when the answer of a trip is lost, it is lost for all of them. Under load a request reads what it needs
// a trip or two earlier than by itself: whoever asks and then writes has to see to what came in between, as ever.

/** What of D1 it takes to read and write in batches. */
export type Batching = Pick<D1Database, 'prepare' | 'batch'>

/** How long a trip may make others wait; then they go beside it. */
const GATHER_MS = 10

/**
 * Statements of others that a request takes along in all. The free plan has 50 queries for an invocation, and an event of
 * its own may take more than 30: when it is asked for and written three times, each time refused in a group and by itself.
 */
const SPARE = 16

/** A request that goes along. What it is told belongs to its own I/O context: nothing but a promise may cross over. */
type Guest = {
  statements: D1PreparedStatement[]
  /** Its results; or nothing, when it has to go by itself. */
  resolve: (results: D1Result[] | undefined) => void
  reject: (error: unknown) => void
}

type Group = { guests: Guest[]; room: number; until: number }

/** What the requests of an isolate know of its trips. One that was cut off makes nobody wait longer than another. */
type Traffic = {
  /** The trip that began last, as long as it is under way. */
  latest?: { until: number; tellEnd: () => void } | undefined
  /** The group that waits for its end. */
  gathering?: Group | undefined
}

const traffics = new WeakMap<D1Database, Traffic>()

/** Epoch milliseconds, and what lets the present request do its work although its sender has hung up. */
type Tools = { now: () => number; waitUntil: (work: Promise<unknown>) => void }

/**
 * Gives a request the database with a `batch` that it may share with others. It rejects as D1's own does. Whoever calls
 * it needs a timer of their own, as `withinTimeout` has: the runtime takes a request that waits for others alone for one
 * that hangs.
 */
export function groupCommit(db: D1Database, { now, waitUntil }: Tools): Batching {
  const traffic = traffics.get(db) ?? {}
  traffics.set(db, traffic)
  let spare = SPARE

  async function batch(statements: D1PreparedStatement[]): Promise<D1Result[]> {
    const at = now()
    const { gathering, latest } = traffic
    const hasRoom = gathering !== undefined && statements.length <= gathering.room
    if (hasRoom && at <= gathering.until) return goAlong(gathering, statements)
    if (latest === undefined || at >= latest.until) return travel(statements, [])
    const led = lead(statements, latest, Math.min(latest.until - at, GATHER_MS))
    // Others rely on it.
    waitUntil(led.catch(() => {}))
    return led
  }

  async function goAlong(group: Group, statements: D1PreparedStatement[]): Promise<D1Result[]> {
    // Not `new Promise`: where V8 inlines that, workerd does not know whose the promise is, and goes on in the I/O
    // context of whoever resolves it (workerd, patches/v8, "Promise Context Tagging"), which ends before this one.
    const { promise, resolve, reject } = Promise.withResolvers<D1Result[] | undefined>()
    group.guests.push({ statements, resolve, reject })
    group.room -= statements.length
    return (await promise) ?? db.batch(statements)
  }

  /** Waits for the end of a trip, some milliseconds at most, and takes along who comes meanwhile. */
  async function lead(
    statements: D1PreparedStatement[],
    trip: { until: number; tellEnd: () => void },
    ms: number,
  ): Promise<D1Result[]> {
    const group: Group = { guests: [], room: spare, until: trip.until }
    traffic.gathering = group
    // Told by another request: no `new Promise` here either.
    const { promise: end, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, ms)
    const tellOthers = trip.tellEnd
    trip.tellEnd = () => {
      tellOthers()
      resolve()
    }
    await end
    clearTimeout(timer)
    traffic.gathering = undefined
    for (const guest of group.guests) spare -= guest.statements.length
    return travel(statements, group.guests)
  }

  async function travel(statements: D1PreparedStatement[], guests: Guest[]): Promise<D1Result[]> {
    const trip = { until: now() + GATHER_MS, tellEnd: () => {} }
    traffic.latest = trip
    try {
      const all = [...statements, ...guests.flatMap((guest) => guest.statements)]
      const results = await db.batch(all)
      const own = results.splice(0, statements.length)
      for (const guest of guests) guest.resolve(results.splice(0, guest.statements.length))
      return own
    } catch (error) {
      if (guests.length === 0 || !isOfOne(error)) {
        for (const { reject } of guests) reject(error)
        throw error
      }
      for (const guest of guests) guest.resolve(undefined)
      return db.batch(statements)
    } finally {
      if (traffic.latest === trip) traffic.latest = undefined
      trip.tellEnd()
    }
  }

  return { prepare: (query) => db.prepare(query), batch: batch as D1Database['batch'] }
}

/**
 * True when SQLite has refused a statement for what it says: nothing of the transaction is written, and whose the
 * statement was is found out one by one. What D1 itself suffers from, it would only suffer from again.
 */
function isOfOne(error: unknown): boolean {
  return /\bSQLITE_(CONSTRAINT|ERROR|MISMATCH|TOOBIG)\b/.test(String(error))
}
