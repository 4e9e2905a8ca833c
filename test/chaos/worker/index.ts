// The whole relay in an environment with faults: `POST /chaos` sets the plan, `GET /chaos` returns the counters.
import type { DeliveryMessage } from '../../../src/core/deliveries/delivery.ts'
import type { Env } from '../../../src/env.ts'
import relay from '../../../src/index.ts'
import type { Plan } from '../plan.ts'
import { faultyD1 } from './d1.ts'
import { faultyQueue, misdeliver } from './queues.ts'
import { counters, setPlan } from './state.ts'

/** One for each environment: the relay caches the configuration that it has parsed by the environment. */
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
    // The run's own calls of the API must not fail: only requests of vendors get faults.
    return relay.fetch(request, pathname.startsWith('/in/') ? faultyEnv(env) : env, ctx)
  },
  queue: (batch, env) => misdeliver(batch, env, (handed) => relay.queue(handed, faultyEnv(env))),
  scheduled: (controller, env) => relay.scheduled(controller, faultyEnv(env)),
} satisfies ExportedHandler<Env, DeliveryMessage | ArrayBuffer>
