// Limits on how long D1 or a queue may take.

/** How long D1 may take before it counts as unavailable. Hapana waits 10 s for a response, other senders as little as 1 s. */
const D1_TIMEOUT_MS = 2000

/**
 * Returns the promise's value, or rejects after `ms` milliseconds with an error that names `service`. The operation is not
 * cancelled and may still succeed, so repeating it must be harmless.
 */
export async function withTimeout<T>(
  promise: Promise<T>,
  service = 'D1',
  ms = D1_TIMEOUT_MS,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new NoAnswer(`${service} did not answer within ${ms} ms`))
    }, ms)
  })
  return Promise.race([promise, timeout]).finally(() => clearTimeout(timer))
}

class NoAnswer extends Error {}

/** Whether an error is that of `withTimeout`: the operation may still be running, and hold a connection. */
export function isTimeout(error: unknown): boolean {
  return error instanceof NoAnswer
}

/** The database, of which each statement and each batch rejects after `ms` milliseconds, as by `withTimeout`. */
export function boundedDatabase(db: D1Database, ms: number): D1Database {
  const bounded = {
    prepare: (sql: string) => boundedStatement(db.prepare(sql), ms),
    batch: (statements: BoundedStatement[]) =>
      withTimeout(db.batch(statements.map(({ inner }) => inner)), 'D1', ms),
  }
  return bounded as unknown as D1Database
}

type BoundedStatement = { inner: D1PreparedStatement }

function boundedStatement(inner: D1PreparedStatement, ms: number): BoundedStatement {
  const bounded = {
    inner,
    bind: (...values: unknown[]) => boundedStatement(inner.bind(...values), ms),
    all: () => withTimeout(inner.all(), 'D1', ms),
    run: () => withTimeout(inner.run(), 'D1', ms),
    first: (column?: string) =>
      withTimeout(column === undefined ? inner.first() : inner.first(column), 'D1', ms),
  }
  return bounded
}
