// The Worker: requests come in by fetch, deliveries go out by queue, the cron sweeps. Composition only.
import { type Config, parseConfig } from './config.ts'
import type { DeliveryMessage, Env } from './env.ts'
import { createApp } from './http/app.ts'
import type { Tools } from './http/tools.ts'
import { deliver, type Lane } from './stages/deliver.ts'
import { spill } from './stages/spill.ts'
import { sweep } from './stages/sweep.ts'

const tools: Tools = {
  now: () => Date.now(),
  random: () => Math.random(),
  log: (line) => console.log(JSON.stringify(line)),
  send: (url, init) => fetch(url, init),
}

const configs = new WeakMap<Env, Config>()

/** The configuration of an environment, parsed once in an isolate's life. Its errors are logged then. */
function configOf(env: Env): Config {
  const known = configs.get(env)
  if (known) return known
  const vars = env as unknown as Record<string, unknown>
  const secretOf = (name: string) => (typeof vars[name] === 'string' ? vars[name] : undefined)
  const config = parseConfig(vars, secretOf)
  for (const { path, message } of config.errors) tools.log({ at: 'config', path, error: message })
  configs.set(env, config)
  return config
}

/** Which of the queues of ids this is. The names are wrangler.toml's. */
function laneOf(queue: string): Lane {
  if (queue.endsWith('-dead')) return 'dead'
  return queue.endsWith('-deliveries') ? 'deliveries' : 'retries'
}

const app = createApp(configOf, tools)

export default {
  fetch: app.fetch,
  queue: (batch, env) =>
    batch.messages[0]?.body instanceof ArrayBuffer
      ? spill(env, batch.messages as Message<ArrayBuffer>[], { now: tools.now(), log: tools.log })
      : deliver(
          env,
          configOf(env),
          laneOf(batch.queue),
          batch.messages as Message<DeliveryMessage>[],
          tools,
        ),
  scheduled: (_controller, env) => sweep(env, configOf(env), tools.now(), tools.log),
} satisfies ExportedHandler<Env, DeliveryMessage | ArrayBuffer>
