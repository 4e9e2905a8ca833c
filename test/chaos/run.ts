// One run: the start, the phases with faults, the kills, the drain, the checks.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { inspectKinds, type KindResult, sendKinds } from './checks/kinds-check.ts'
import { judge, type World } from './checks/verdict.ts'
import { drain } from './drain.ts'
import { runFaultsTest } from './faults-test.ts'
import { killUntil } from './kills.ts'
import { startLoad } from './load.ts'
import type { Options } from './options.ts'
import { durationOf, type Length, type Phase, phasesOf, runPhase, timed } from './phases.ts'
import { seededRandom } from './plan.ts'
import { requirePorts } from './ports.ts'
import { startReceivers } from './receivers.ts'
import { createRuntime } from './runtime.ts'

/** The time for a message that is delayed by 30 s as D1 was unavailable, or is lost and waits for the sweep for 26 s. */
const DRAIN_MS = { short: 38_000, long: 55_000 }
/** The time for the checks at the end. */
const CHECKS_MS = { short: 4000, long: 10_000 }

/** How much longer the drain may take on a busy machine: a late delivery is not lost. */
const EXTRA_DRAIN_MS = 120_000

/** How much longer than that a run may take before it is aborted. */
const GRACE_MS = 5000

/** How long the target `down` fails. */
const DOWN_MS = 4000

/** Runs, prints the report, and returns the exit status. All it started has ended by then, also when interrupted. */
export async function run(options: Options): Promise<number> {
  const end = Date.now() + options.minutes * 60_000
  const started = new AsyncDisposableStack()
  const aborted = Promise.withResolvers<number>()
  const abort = (reason: string) => {
    console.error(`${reason}: this run has no result.`)
    aborted.resolve(1)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => aborted.resolve(130))
  }
  setTimeout(() => abort('It took too long'), end + EXTRA_DRAIN_MS + GRACE_MS - Date.now())
  try {
    return await Promise.race([perform(options, end, started, abort), aborted.promise])
  } finally {
    await started.disposeAsync()
  }
}

async function perform(
  { isShort, minutes, seed }: Options,
  end: number,
  started: AsyncDisposableStack,
  abort: (reason: string) => void,
): Promise<number> {
  console.log(`seed ${seed}, ${isShort ? 'the short run' : `${minutes} minutes`}`)
  await requirePorts()
  const length = isShort ? 'short' : 'long'
  const drainUntil = end - CHECKS_MS[length]
  const test = isShort ? undefined : runFaultsTest(drainUntil + EXTRA_DRAIN_MS - Date.now())
  const folder = started.adopt(mkdtempSync(path.join(tmpdir(), 'relay-chaos-')), remove)
  const receivers = started.adopt(await startReceivers(seededRandom(seed + 1)), ({ close }) =>
    close(),
  )
  const from = Date.now()
  const runtime = started.adopt(createRuntime(folder, abort), ({ stop }) => stop())
  await runtime.start()
  const spans = [{ name: 'start', from, to: Date.now(), hasFaults: false }]
  const load = started.adopt(startLoad(seededRandom(seed + 2)), ({ abandon }) => abandon())
  const world = { runtime, receivers, load, spans }
  await runPhases(world, length, drainUntil - DRAIN_MS[length], seededRandom(seed))
  const kinds = await recover(world, drainUntil + EXTRA_DRAIN_MS)
  return judge(world, kinds, await test)
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}

/** All phases with faults, until a time. */
async function runPhases(
  { runtime, receivers, load, spans }: World,
  length: Length,
  until: number,
  random: () => number,
): Promise<void> {
  const { before, after } = phasesOf(length)
  const runAll = async (phases: Phase[]) => {
    for (const phase of phases) {
      spans.push(await runPhase(phase, runtime, Math.floor(random() * 2 ** 31)))
    }
  }
  // Long enough to open its breaker, whose cooldown and probe take half a minute each: too much for a short run.
  receivers.setDown(length === 'long')
  setTimeout(() => receivers.setDown(false), DOWN_MS)
  await runAll(before)
  const end = until - durationOf(after)
  const span = await timed('kills', () => killUntil(end, length, runtime, load, random))
  spans.push({ ...span, name: `kills: ${runtime.kills.length}` })
  await runAll(after)
}

/** Without faults: all unfinished deliveries arrive, and the receivers of all kinds get one event each. */
async function recover({ receivers, load, spans }: World, end: number): Promise<KindResult[]> {
  let kinds: KindResult[] = []
  const span = await timed('drain', async () => {
    const ids = await sendKinds()
    const inspect = () => inspectKinds(ids, receivers)
    await load.finish()
    await drain(end, load, receivers.successes, inspect)
    kinds = await inspect()
  })
  spans.push(span)
  return kinds
}
