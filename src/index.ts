// The Worker: requests come in by fetch, deliveries go out by queue, the cron sweeps. Composition only.
import { waitUntil } from 'cloudflare:workers'
import { type Config, parseConfig } from './config.ts'
import type { DeliveryMessage, Lane } from './core/deliveries/delivery.ts'
import type { Env, Tools } from './env.ts'
import { createApp } from './http/app.ts'
import { boundedEnv } from './stages/bindings.ts'
import { deliver } from './stages/deliveries/deliver.ts'
import { reportRecoveries } from './stages/deliveries/health.ts'
import { createInFlight } from './stages/deliveries/in-flight.ts'
import { updateKnownTargets } from './stages/deliveries/known-targets.ts'
import { continueReplays } from './stages/deliveries/replay.ts'
import { sweep } from './stages/deliveries/sweep.ts'
import { recordArchived } from './stages/intake/archive.ts'
import { spill } from './stages/intake/spill.ts'
import { inTurn, type Job, runJobs } from './stages/jobs.ts'
import { updateDriftReports } from './stages/ledger/drift.ts'
import { prune } from './stages/ledger/prune.ts'
import { noteRun } from './stages/ledger/relay-state.ts'
import { rollUp } from './stages/ledger/rollup.ts'
import { takeSnapshot } from './stages/ledger/snapshot.ts'
import { isToldAt, tellIssues } from './stages/operate/issues.ts'

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
  for (const { path, message } of [...config.errors, ...config.weak]) {
    tools.log({ at: 'config', path, error: message })
  }
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

/**
 * The jobs of each minute, in groups that take turns in being the first: what wakes deliveries up, what counts the log (the
 * snapshot reads less after the roll-up), what keeps it in order, what tells of it.
 */
async function tick(env: Env, time: number): Promise<void> {
  const config = configOf(env)
  // Waits a minute when issues are told: both together are more than the 50 statements of the free plan.
  const upkeep: Job[] = [
    { name: 'drift', maxMs: 10_000, run: () => updateDriftReports(env, tools) },
    { name: 'prune', maxMs: 20_000, run: () => prune(env, config, tools) },
  ]
  const groups: Job[][] = [
    [
      { name: 'sweep', maxMs: 30_000, run: () => sweep(env, config, tools) },
      { name: 'targets', maxMs: 10_000, run: () => updateKnownTargets(env, config, tools) },
      { name: 'health', maxMs: 10_000, run: () => reportRecoveries(env, config, tools) },
      { name: 'archive', maxMs: 20_000, run: () => recordArchived(env, config, tools) },
      { name: 'replay', maxMs: 20_000, run: () => continueReplays(env, config, tools) },
    ],
    [
      { name: 'rollup', maxMs: 20_000, run: () => rollUp(env, tools) },
      { name: 'snapshot', maxMs: 10_000, run: () => takeSnapshot(env, config, tools) },
    ],
    ...(isToldAt(tools.now()) ? [] : [upkeep]),
    [
      { name: 'issues', maxMs: 10_000, run: () => tellIssues(env, config, tools) },
      { name: 'heartbeat', maxMs: 5000, run: () => noteRun(env, config, tools) },
    ],
  ]
  await runJobs(inTurn(groups, time), tools.log)
}

const app = createApp(configOf, tools)
const inFlight = createInFlight()

export default {
  fetch: (request, env, context) => app.fetch(request, boundedEnv(env), context),
  queue: (batch, env) => consume(batch, boundedEnv(env)),
  scheduled: ({ scheduledTime }, env) => tick(boundedEnv(env), scheduledTime),
} satisfies ExportedHandler<Env, DeliveryMessage | ArrayBuffer>
