// The relay whose first wake-up messages wait, as if its queue had a backlog: `GET /held` counts them, `POST /release` sends
// them. So a backlog is what this build writes and sends itself.
import type { Env } from '../../../src/env.ts'
import relay from '../../../src/index.ts'

/** The most messages that a queue takes at once. */
const BATCH = 100

type Held = MessageSendRequest<never>
const held: Held[] = []

const envs = new WeakMap<Env, Env>()

/** One for each environment: the relay caches its configuration by it. */
function holding(env: Env): Env {
  const DELIVERIES = {
    send: async (body: never) => void held.push({ body }),
    sendBatch: async (messages: Iterable<Held>) => void held.push(...messages),
  } as unknown as Env['DELIVERIES']
  const own = envs.get(env) ?? { ...env, DELIVERIES }
  envs.set(env, own)
  return own
}

export default {
  async fetch(request: Request, env: Env, ctx: ExecutionContext) {
    const { pathname } = new URL(request.url)
    if (pathname === '/held') return Response.json(held.length)
    if (pathname !== '/release') return relay.fetch(request as never, holding(env), ctx)
    const messages = held.splice(0)
    for (let i = 0; i < messages.length; i += BATCH) {
      await env.DELIVERIES.sendBatch(messages.slice(i, i + BATCH))
    }
    return new Response(null, { status: 204 })
  },
  queue: (batch: MessageBatch<never>, env: Env) => relay.queue(batch as never, env),
}
