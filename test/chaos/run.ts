// One run: start, everything that goes wrong, the kills, the drain, the books.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { listDifferences, listLog, readLedger } from './api.ts'
import { lossesOf, missingOf, strayOf } from './arrivals.ts'
import { answersOf, ledgerOf, logOf } from './books.ts'
import { copiesAmong, copyBreaches } from './copies.ts'
import { drain } from './drain.ts'
import { type FaultsTest, runFaultsTest } from './faults-test.ts'
import { killUntil } from './kills.ts'
import { type KindResult, lookAtKinds, sendKinds } from './kinds-check.ts'
import { type Load, startLoad } from './load.ts'
import type { Options } from './options.ts'
import {
  durationOf,
  type Length,
  type Phase,
  phasesOf,
  runPhase,
  type Span,
  spanned,
} from './phases.ts'
import { randomOf } from './plan.ts'
import { requirePorts } from './ports.ts'
import { type Receivers, startReceivers } from './receivers.ts'
import {
  faultsIn,
  printFaultsTest,
  printKinds,
  printSpans,
  printTargets,
  printVerdict,
} from './report.ts'
import { type Runtime, startRuntime } from './runtime.ts'

/** What a message needs that rests for 30 s as D1 was away, or is lost and waits for the sweep for 26 s. */
const DRAIN_MS = { short: 38_000, long: 55_000 }
/** What the books take in the end. */
const BOOKS_MS = { short: 4000, long: 10_000 }

/** How much longer than it may a run can take before it is ended. */
const GRACE_MS = 3000

/** How long the target that goes away stays away. */
const AWAY_MS = 4000

type World = { runtime: Runtime; receivers: Receivers; load: Load; spans: Span[] }

/** Runs, prints, and gives the exit status. Whatever it started has ended by then, also when it is interrupted. */
export async function run(options: Options): Promise<number> {
  const end = Date.now() + options.minutes * 60_000
  const started = new AsyncDisposableStack()
  try {
    return await Promise.race([perform(options, end, started), interruption(end + GRACE_MS)])
  } finally {
    await started.disposeAsync()
  }
}

/** Resolves with an exit status when somebody, or the clock, has had enough. */
function interruption(latest: number): Promise<number> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(130))
    setTimeout(() => {
      console.error(
        'The run took longer than it may: this machine is too slow, or something hangs.',
      )
      resolve(1)
    }, latest - Date.now())
  })
}

async function perform(
  { isShort, minutes, seed }: Options,
  end: number,
  started: AsyncDisposableStack,
): Promise<number> {
  console.log(`seed ${seed}, ${isShort ? 'the short run' : `${minutes} minutes`}`)
  await requirePorts()
  const length = isShort ? 'short' : 'long'
  const calmUntil = end - BOOKS_MS[length]
  const test = isShort ? undefined : runFaultsTest(calmUntil - Date.now())
  const folder = started.adopt(mkdtempSync(path.join(tmpdir(), 'relay-chaos-')), remove)
  const receivers = started.adopt(await startReceivers(randomOf(seed + 1)), ({ close }) => close())
  const from = Date.now()
  const runtime = started.adopt(await startRuntime(folder), ({ stop }) => stop())
  const spans = [{ name: 'start', from, to: Date.now(), isTrouble: false }]
  const load = started.adopt(startLoad(randomOf(seed + 2)), ({ abandon }) => abandon())
  const world = { runtime, receivers, load, spans }
  await trouble(world, length, calmUntil - DRAIN_MS[length], randomOf(seed))
  const kinds = await calm(world, calmUntil)
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

/** Looks at all the books, prints the tables, and gives the exit status. */
async function judge(world: World, kinds: KindResult[], test?: FaultsTest): Promise<number> {
  const { runtime, receivers, load, spans } = world
  const { receipts, offences } = receivers
  const copies = copiesAmong(receipts, runtime.kills, runtime.faults)
  const breaches = [
    ...mishapsOf(world),
    ...(await lossesOf(missingOf(load, receipts))),
    ...strayOf(load, receipts),
    ...copyBreaches(copies),
    ...answersOf(load),
    ...logOf(load, await listLog()),
    ...ledgerOf(await readLedger(), load, receipts),
    ...(await listDifferences()).map((difference) => `LEDGER: ${difference}`),
    ...kinds.flatMap((kind) => kind.breaches),
    ...offences.map((offence) => `RECEIVED: ${offence}`),
    ...runtime.unhandled.map((line) => `UNHANDLED: ${line}`),
    ...(test?.breaches ?? []),
  ]
  console.log('')
  printSpans(spans, load, runtime.faults)
  printTargets(load, receipts, copies)
  printKinds(kinds)
  if (test) printFaultsTest(test)
  return printVerdict(breaches)
}

/** Why the run says less than it should, or nothing. */
function mishapsOf({ runtime, spans }: World): string[] {
  const idle = spans.filter((span) => span.isTrouble && faultsIn(span, runtime.faults) === 0)
  return [
    ...runtime.mishaps,
    ...idle.map(({ name }) => `nothing went wrong in the phase "${name}", which says nothing`),
  ].map((mishap) => `RUN: ${mishap}`)
}
