// One part of an event's work for each request, by the path: a trip to D1, a message, a request to a receiver.

type Env = { DB: D1Database; DELIVERIES: Queue<unknown>; RECEIVERS: Record<string, string> }

const TEXT = 'x'.repeat(1000)
const MESSAGE = { event: 'evt_0123456789012', target: 'crm', attempt: 1, due: 1_795_000_000_000 }

const select = (db: D1Database, count: number) =>
  db.batch(Array.from({ length: count }, (_, i) => db.prepare('SELECT ?1').bind(i)))

const insert = (db: D1Database, count: number) => {
  const statement = db.prepare('INSERT INTO parts (text) VALUES (?1)').bind(TEXT)
  return db.batch(Array.from({ length: count }, () => statement))
}

const PARTS: Record<string, (env: Env) => Promise<unknown>> = {
  nothing: async () => undefined,
  'trip-1': ({ DB }) => select(DB, 1),
  'trip-10': ({ DB }) => select(DB, 10),
  'write-1': ({ DB }) => insert(DB, 1),
  'write-10': ({ DB }) => insert(DB, 10),
  'send-1': ({ DELIVERIES }) => DELIVERIES.sendBatch([{ body: MESSAGE }]),
  'send-20': ({ DELIVERIES }) =>
    DELIVERIES.sendBatch(Array.from({ length: 20 }, () => ({ body: MESSAGE }))),
  post: async ({ RECEIVERS }) => {
    const signal = AbortSignal.timeout(15_000)
    const response = await fetch(RECEIVERS.crm ?? '', { method: 'POST', body: TEXT, signal })
    await response.body?.cancel()
  },
  log: async () => console.log(TEXT.slice(0, 200)),
}

export default {
  async fetch(request, env) {
    await request.text()
    const part = PARTS[new URL(request.url).pathname.slice(1)]
    if (part === undefined) return new Response(null, { status: 404 })
    await part(env)
    return new Response(null, { status: 202 })
  },
} satisfies ExportedHandler<Env>
