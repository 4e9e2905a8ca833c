// What production refuses and the local runtime takes: sizes of D1's statements and rows, statements of an invocation, and
// sizes of queue messages. Pure checks, which throw production's errors, and wrappers of bindings that make them.

/** The limits of D1 (https://developers.cloudflare.com/d1/platform/limits/). Sizes in bytes. */
export const D1_LIMITS = {
  /** Of a string or a blob: bound, read, or built by a statement. A row is one too. */
  value: 2_000_000,
  parameters: 100,
  sql: 100_000,
  /** Each statement of a batch counts. */
  statements: { paid: 1000, free: 50 },
} as const

/** The limits of Queues (https://developers.cloudflare.com/queues/platform/limits/). Sizes in bytes. */
export const QUEUE_LIMITS = {
  message: 128_000,
  /** What the platform adds to a message. */
  metadata: 100,
  batch: 256_000,
  messages: 100,
  delaySeconds: 86_400,
} as const

const encoder = new TextEncoder()

/** The bytes of a value as D1 stores it. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') {
    // A character has at most three bytes: most texts need no count.
    return value.length * 3 <= D1_LIMITS.value ? value.length : encoder.encode(value).length
  }
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return value.byteLength
  return Array.isArray(value) ? value.length : 8
}

/** An INSERT of one row of its parameters. Other statements may make many rows of one parameter, or none. */
const ONE_ROW = /^\s*INSERT\b[^;]*\bVALUES\s*\([^()]*\)\s*(?:ON CONFLICT|RETURNING|$)/i

/** Refuses what D1 refuses of a statement before it runs. */
export function checkStatement(sql: string, parameters: readonly unknown[]): void {
  if (encoder.encode(sql).length > D1_LIMITS.sql) {
    throw new Error('D1_ERROR: statement too long: SQLITE_TOOBIG')
  }
  if (parameters.length > D1_LIMITS.parameters) {
    throw new Error('D1_ERROR: too many SQL variables: SQLITE_ERROR')
  }
  const sizes = parameters.map(sizeOf)
  const row = ONE_ROW.test(sql) ? sizes.reduce((sum, size) => sum + size, 0) : 0
  if (Math.max(row, ...sizes) > D1_LIMITS.value) throw tooBig()
}

/** Refuses rows that D1 could neither have stored nor returned. */
export function checkRows(rows: readonly unknown[]): void {
  for (const row of rows) {
    if (typeof row !== 'object' || row === null) continue
    for (const value of Object.values(row)) if (sizeOf(value) > D1_LIMITS.value) throw tooBig()
  }
}

const tooBig = () => new Error('D1_ERROR: string or blob too big: SQLITE_TOOBIG')

/** Counts the statements of one invocation, and refuses those beyond the limit of a plan. */
export type StatementCount = { add: (count: number) => void; count: () => number }

/** The count of a new invocation. */
export function statementsOf(plan: keyof typeof D1_LIMITS.statements): StatementCount {
  let sum = 0
  return {
    count: () => sum,
    add: (count) => {
      sum += count
      if (sum > D1_LIMITS.statements[plan]) {
        throw new Error('D1_ERROR: Too many API requests by single Worker invocation.')
      }
    },
  }
}

/** A message as `send` and `sendBatch` take it. */
type Sent = { body: unknown; delaySeconds?: number | undefined }

/** Refuses messages that a queue refuses, sent together. */
export function checkMessages(messages: readonly Sent[]): void {
  if (messages.length > QUEUE_LIMITS.messages) {
    throw new Error(
      `Queue sendBatch failed: batch message count of ${messages.length} exceeds limit of ${QUEUE_LIMITS.messages} (10203)`,
    )
  }
  let sum = 0
  for (const { body, delaySeconds = 0 } of messages) {
    if (!(delaySeconds >= 0 && delaySeconds <= QUEUE_LIMITS.delaySeconds)) {
      throw new Error(
        `Queue send failed: delaySeconds of ${delaySeconds} must be between 0 and ${QUEUE_LIMITS.delaySeconds} (10206)`,
      )
    }
    const size = messageSize(body)
    if (size > QUEUE_LIMITS.message) {
      throw new Error(
        `Queue send failed: message length of ${size} bytes exceeds limit of ${QUEUE_LIMITS.message} (10201)`,
      )
    }
    sum += size
  }
  if (sum > QUEUE_LIMITS.batch) {
    throw new Error(
      `Queue sendBatch failed: batch size of ${sum} bytes exceeds limit of ${QUEUE_LIMITS.batch} (10204)`,
    )
  }
}

function messageSize(body: unknown): number {
  const isBytes = body instanceof ArrayBuffer || ArrayBuffer.isView(body)
  const bytes = isBytes ? body.byteLength : encoder.encode(JSON.stringify(body)).length
  return bytes + QUEUE_LIMITS.metadata
}

const isRefused = (check: () => void): Promise<never> | undefined => {
  try {
    check()
    return undefined
  } catch (error) {
    return Promise.reject(error)
  }
}

type Bound = D1PreparedStatement & { inner: D1PreparedStatement; check: () => void }

/** A database with production's limits. `statements` counts for as long as it is used: one for each invocation. */
export function limitDatabase(db: D1Database, statements?: StatementCount): D1Database {
  const limited = (inner: D1PreparedStatement, sql: string, parameters: unknown[]): Bound => {
    const check = () => checkStatement(sql, parameters)
    async function run<R extends { results: unknown[] }>(work: () => Promise<R>): Promise<R> {
      check()
      statements?.add(1)
      const result = await work()
      checkRows(result.results)
      return result
    }
    const first = async (column?: string) => {
      const { results } = await run(() => inner.all<Record<string, unknown>>())
      const row = results[0] ?? null
      return row === null || column === undefined ? row : (row[column] ?? null)
    }
    return {
      inner,
      check,
      bind: (...values: unknown[]) => limited(inner.bind(...values), sql, values),
      all: () => run(() => inner.all()),
      run: () => run(() => inner.run()),
      first,
    } as unknown as Bound
  }
  return {
    prepare: (sql: string) => limited(db.prepare(sql), sql, []),
    batch: async (batch: Bound[]) => {
      for (const { check } of batch) check()
      statements?.add(batch.length)
      const results = await db.batch(batch.map(({ inner }) => inner))
      for (const result of results) checkRows(result.results)
      return results
    },
  } as unknown as D1Database
}

/** A queue with production's limits. */
export function limitQueue<Body>(queue: Queue<Body>): Queue<Body> {
  return {
    send: (body: Body, options?: QueueSendOptions) =>
      isRefused(() => checkMessages([{ body, delaySeconds: options?.delaySeconds }])) ??
      queue.send(body, options),
    sendBatch: (messages: Iterable<MessageSendRequest<Body>>, options?: QueueSendBatchOptions) => {
      const all = [...messages]
      return isRefused(() => checkMessages(all)) ?? queue.sendBatch(all, options)
    },
  } as unknown as Queue<Body>
}
