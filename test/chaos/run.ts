// One run: start, everything that goes wrong, the kills, the drain, the books.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type KindResult, lookAtKinds, sendKinds } from './checks/kinds-check.ts'
import { judge, type World } from './checks/verdict.ts'
import { drain } from './drain.ts'
import { runFaultsTest } from './faults-test.ts'
import { killUntil } from './kills.ts'
import { startLoad } from './load.ts'
import type { Options } from './options.ts'
import { durationOf, type Length, type Phase, phasesOf, runPhase, spanned } from './phases.ts'
import { seededRandom } from './plan.ts'
import { requirePorts } from './ports.ts'
import { startReceivers } from './receivers.ts'
import { createRuntime } from './runtime.ts'

/** What a message needs that rests for 30 s as D1 was away, or is lost and waits for the sweep for 26 s. */
const DRAIN_MS = { short: 38_000, long: 55_000 }
/** What the books take in the end. */
const BOOKS_MS = { short: 4000, long: 10_000 }

/** How much longer the drain may take on a busy machine: what is late is not lost. */
const PATIENCE_MS = 120_000

/** How much longer than even that a run can take before it is ended. */
const GRACE_MS = 5000

/** How long the target that goes away stays away. */
const AWAY_MS = 4000

/** Runs, prints, and gives the exit status. Whatever it started has ended by then, also when it is interrupted. */
export async function run(options: Options): Promise<number> {
  const end = Date.now() + options.minutes * 60_000
  const started = new AsyncDisposableStack()
  const mishap = Promise.withResolvers<number>()
  const giveUp = (reason: string) => {
    console.error(`${reason}: this run says nothing.`)
    mishap.resolve(1)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => mishap.resolve(130))
  }
  setTimeout(() => giveUp('It took longer than it may'), end + PATIENCE_MS + GRACE_MS - Date.now())
  try {
    return await Promise.race([perform(options, end, started, giveUp), mishap.promise])
  } finally {
    await started.disposeAsync()
  }
}

async function perform(
  { isShort, minutes, seed }: Options,
  end: number,
  started: AsyncDisposableStack,
  giveUp: (mishap: string) => void,
): Promise<number> {
  console.log(`seed ${seed}, ${isShort ? 'the short run' : `${minutes} minutes`}`)
  await requirePorts()
  const length = isShort ? 'short' : 'long'
  const calmUntil = end - BOOKS_MS[length]
  const test = isShort ? undefined : runFaultsTest(calmUntil + PATIENCE_MS - Date.now())
  const folder = started.adopt(mkdtempSync(path.join(tmpdir(), 'relay-chaos-')), remove)
  const receivers = started.adopt(await startReceivers(seededRandom(seed + 1)), ({ close }) =>
    close(),
  )
  const from = Date.now()
  const runtime = started.adopt(createRuntime(folder, giveUp), ({ stop }) => stop())
  await runtime.start()
  const spans = [{ name: 'start', from, to: Date.now(), isTrouble: false }]
  const load = started.adopt(startLoad(seededRandom(seed + 2)), ({ abandon }) => abandon())
  const world = { runtime, receivers, load, spans }
  await trouble(world, length, calmUntil - DRAIN_MS[length], seededRandom(seed))
  const kinds = await calm(world, calmUntil + PATIENCE_MS)
  return judge(world, kinds, await test)
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}

/** Everything that goes wrong, until a time. */
async function trouble(
  { runtime, receivers, load, spans }: World,
  length: Length,
  until: number,
  random: () => number,
): Promise<void> {
  const { before, after } = phasesOf(length)
  const go = async (phases: Phase[]) => {
    for (const phase of phases) {
      spans.push(await runPhase(phase, runtime, Math.floor(random() * 2 ** 31)))
    }
  }
  // Long enough to open its breaker, whose rest and probes take half a minute each: too much for a short run.
  receivers.setAway(length === 'long')
  setTimeout(() => receivers.setAway(false), AWAY_MS)
  await go(before)
  const end = until - durationOf(after)
  const span = await spanned('kills', () => killUntil(end, length, runtime, load, random))
  spans.push({ ...span, name: `kills: ${runtime.kills.length}` })
  await go(after)
}

/** No more trouble: what is owed arrives, and the receivers of all kinds get one event each. */
async function calm({ receivers, load, spans }: World, end: number): Promise<KindResult[]> {
  let kinds: KindResult[] = []
  const span = await spanned('drain', async () => {
    const ids = await sendKinds()
    const look = () => lookAtKinds(ids, receivers)
    await load.finish()
    await drain(end, load, receivers.receipts, look)
    kinds = await look()
  })
  spans.push(span)
  return kinds
}
