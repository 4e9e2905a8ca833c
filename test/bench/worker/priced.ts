// The relay with a meter on its bindings, which counts what is billed. `GET /bill` reads and resets the meter; `POST /tick`
// runs the cron of a minute.
import type { Env } from '../../../src/env.ts'
import relay from '../../../src/index.ts'
import type { Bill } from '../tools/bill.ts'

const nothing = (): Bill => ({
  requests: 0,
  batches: 0,
  trips: 0,
  statements: 0,
  rowsWritten: 0,
  rowsRead: 0,
  queueWrites: 0,
  queueReads: 0,
  queueDeletes: 0,
})
let bill = nothing()

function count<T>(result: D1Result<T>): D1Result<T> {
  bill.rowsWritten += result.meta.rows_written
  bill.rowsRead += result.meta.rows_read
  bill.statements++
  return result
}

type Metered = D1PreparedStatement & { inner: D1PreparedStatement }

function statement(inner: D1PreparedStatement): Metered {
  const run = async <T>() => {
    bill.trips++
    return count(await inner.all<T>())
  }
  return {
    inner,
    bind: (...values: unknown[]) => statement(inner.bind(...values)),
    all: run,
    run,
    first: async (column?: string) => {
      const [row = null] = (await run<Record<string, unknown>>()).results
      return column === undefined ? row : (row?.[column] ?? null)
    },
  } as unknown as Metered
}

function meteredDatabase(db: D1Database): D1Database {
  return {
    prepare: (sql: string) => statement(db.prepare(sql)),
    batch: async (statements: Metered[]) => {
      bill.trips++
      const results = await db.batch(statements.map(({ inner }) => inner))
      return results.map(count)
    },
  } as unknown as D1Database
}

/** Every message of ours is far below the 64 KB that one operation covers. */
function meteredQueue<T>(queue: Queue<T>): Queue<T> {
  return {
    send: (body: T, options?: QueueSendOptions) => {
      bill.queueWrites++
      return queue.send(body, options)
    },
    sendBatch: (messages: Iterable<MessageSendRequest<T>>, options?: QueueSendBatchOptions) => {
      const all = [...messages]
      bill.queueWrites += all.length
      return queue.sendBatch(all, options)
    },
  } as unknown as Queue<T>
}

/** A message that is not retried is deleted. */
function meteredMessage<T>(message: Message<T>): Message<T> {
  bill.queueReads++
  bill.queueDeletes++
  const { id, timestamp, attempts, body } = message
  return {
    id,
    timestamp,
    attempts,
    body,
    ack: () => message.ack(),
    retry: (options?: QueueRetryOptions) => {
      bill.queueDeletes--
      message.retry(options)
    },
  } as Message<T>
}

const metered = new WeakMap<Env, Env>()

/** One for each environment: the relay caches its configuration by it. */
function meteredOf(env: Env): Env {
  const own = metered.get(env) ?? {
    ...env,
    DB: meteredDatabase(env.DB),
    DELIVERIES: meteredQueue(env.DELIVERIES),
    RETRIES: meteredQueue(env.RETRIES),
    SPILL: meteredQueue(env.SPILL),
  }
  metered.set(env, own)
  return own
}

export default {
  async fetch(request: Request, env: Env, ctx: ExecutionContext) {
    const { pathname } = new URL(request.url)
    if (pathname === '/bill') {
      const read = bill
      bill = nothing()
      return Response.json(read)
    }
    if (pathname === '/tick') {
      await relay.scheduled({} as never, meteredOf(env))
      return new Response(null, { status: 204 })
    }
    bill.requests++
    return relay.fetch(request as never, meteredOf(env), ctx)
  },
  async queue(batch: MessageBatch<never>, env: Env) {
    bill.batches++
    const { queue } = batch
    await relay.queue(
      { queue, messages: batch.messages.map(meteredMessage) } as never,
      meteredOf(env),
    )
  },
}
