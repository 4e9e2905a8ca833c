// The relay, whole, in an environment that fails as it is told to: `POST /chaos` takes a plan, `GET /chaos` counts.
import type { DeliveryMessage } from '../../../src/core/deliveries/delivery.ts'
import type { Env } from '../../../src/env.ts'
import relay from '../../../src/index.ts'
import type { Plan } from '../plan.ts'
import { faultyD1 } from './d1.ts'
import { faultyQueue, misdeliver } from './queues.ts'
import { counters, setPlan } from './state.ts'

/** One for each environment: the relay keeps the configuration that it has parsed by the environment. */
const faulty = new WeakMap<Env, Env>()

function faultyEnv(env: Env): Env {
  const known = faulty.get(env)
  if (known) return known
  const wrapped = {
    ...env,
    DB: faultyD1(env.DB),
    DELIVERIES: faultyQueue(env.DELIVERIES),
    RETRIES: faultyQueue(env.RETRIES),
    SPILL: faultyQueue(env.SPILL),
  }
  faulty.set(env, wrapped)
  return wrapped
}

export default {
  fetch: async (request, env, ctx) => {
    const { pathname } = new URL(request.url)
    if (pathname === '/chaos') {
      if (request.method === 'POST') setPlan((await request.json()) as Plan)
      return Response.json(counters())
    }
    // What the run asks the relay about itself must not fail: only what comes in by the front door is struck.
    return relay.fetch(request, pathname.startsWith('/in/') ? faultyEnv(env) : env, ctx)
  },
  queue: (batch, env) => misdeliver(batch, env, (handed) => relay.queue(handed, faultyEnv(env))),
  scheduled: (controller, env) => relay.scheduled(controller, faultyEnv(env)),
} satisfies ExportedHandler<Env, DeliveryMessage | ArrayBuffer>
