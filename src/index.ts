// The Worker: requests come in by fetch, deliveries go out by queue, the cron sweeps. Composition only.
import { waitUntil } from 'cloudflare:workers'
import { type Config, parseConfig } from './config.ts'
import type { DeliveryMessage, Lane } from './core/deliveries/delivery.ts'
import type { Env, Tools } from './env.ts'
import { createApp } from './http/app.ts'
import { deliver } from './stages/deliveries/deliver.ts'
import { createInFlight } from './stages/deliveries/in-flight.ts'
import { continueReplays } from './stages/deliveries/replay.ts'
import { sweep } from './stages/deliveries/sweep.ts'
import { spill } from './stages/intake/spill.ts'
import { updateDriftReports } from './stages/ledger/drift.ts'
import { prune } from './stages/ledger/prune.ts'
import { noteRun } from './stages/ledger/relay-state.ts'
import { rollUp } from './stages/ledger/rollup.ts'
import { takeSnapshot } from './stages/ledger/snapshot.ts'
import { tellIssues } from './stages/operate/issues.ts'

const tools: Tools = {
  now: () => Date.now(),
  random: () => Math.random(),
  log: (line) => console.log(JSON.stringify(line)),
  fetch: (url, init) => fetch(url, init),
  waitUntil: (work) => waitUntil(work),
}

const configs = new WeakMap<Env, Config>()

/** The configuration of an environment. It is parsed once in an isolate's life, which logs its errors. */
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

/** The consumer of a queue, by the end of its name in wrangler.toml. The first match wins. */
const CONSUMERS: [ending: string, consumer: Lane | 'spill'][] = [
  ['-deliveries', 'deliveries'],
  ['-retries', 'retries'],
  ['-spill', 'spill'],
  ['-spill-dead', 'spill'],
  ['-dead', 'dead'],
]

async function consume(
  batch: MessageBatch<DeliveryMessage | ArrayBuffer>,
  env: Env,
): Promise<void> {
  const [, consumer] = CONSUMERS.find(([ending]) => batch.queue.endsWith(ending)) ?? []
  if (consumer === undefined) throw new Error(`no consumer for the queue ${batch.queue}`)
  if (consumer === 'spill') {
    const messages = batch.messages as Message<ArrayBuffer>[]
    return spill(env, configOf(env), messages, tools)
  }
  const messages = batch.messages as Message<DeliveryMessage>[]
  return deliver(env, configOf(env), { lane: consumer, messages, inFlight }, tools)
}

/** The jobs of each minute. A job that fails does not stop the others. */
async function tick(env: Env): Promise<void> {
  const jobs = {
    sweep: () => sweep(env, configOf(env), tools),
    replay: () => continueReplays(env, configOf(env), tools),
    rollup: () => rollUp(env, tools),
    snapshot: () => takeSnapshot(env, configOf(env), tools),
    drift: () => updateDriftReports(env, tools),
    prune: () => prune(env, configOf(env), tools),
    issues: () => tellIssues(env, configOf(env), tools),
    heartbeat: () => noteRun(env, configOf(env), tools),
  }
  for (const [component, run] of Object.entries(jobs)) {
    await run().catch((error) => tools.log({ at: component, fault: String(error) }))
  }
}

const app = createApp(configOf, tools)
const inFlight = createInFlight()

export default {
  fetch: app.fetch,
  queue: consume,
  scheduled: (_controller, env) => tick(env),
} satisfies ExportedHandler<Env, DeliveryMessage | ArrayBuffer>
