// The end of a run: everything is held against everything, and the tables are printed.
import { listDifferences, listLog, readLedger } from '../api.ts'
import type { FaultsTest } from '../faults-test.ts'
import type { Load } from '../load.ts'
import type { Span } from '../phases.ts'
import type { Receivers } from '../receivers.ts'
import {
  faultsIn,
  printFaultsTest,
  printKinds,
  printSpans,
  printTargets,
  printVerdict,
} from '../report.ts'
import type { Runtime } from '../runtime.ts'
import { lossesOf, missingOf, strayOf } from './arrivals.ts'
import { answersOf, ledgerOf, logOf } from './books.ts'
import { copiesAmong, copyBreaches } from './copies.ts'
import type { KindResult } from './kinds-check.ts'

/** All that a run consists of, and when what went on. */
export type World = { runtime: Runtime; receivers: Receivers; load: Load; spans: Span[] }

/** Looks at all the books, prints the tables, and gives the exit status. */
export async function judge(world: World, kinds: KindResult[], test?: FaultsTest): Promise<number> {
  const { runtime, receivers, load, spans } = world
  const { receipts, offences } = receivers
  const copies = await copiesAmong(receipts, runtime.kills, runtime.faults)
  const breaches = [
    ...idlenessOf(world),
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

/** Where nothing went wrong although it should have: such a phase proves nothing. */
function idlenessOf({ runtime, load, spans }: World): string[] {
  const idle = spans.filter((span) => span.isTrouble && faultsIn(span, runtime.faults) === 0)
  const isAccepted = load.messages.some(({ sendings }) =>
    sendings.some((one) => one.status === 202),
  )
  return [
    ...idle.map(({ name }) => `RUN: nothing went wrong in the phase "${name}"`),
    ...(isAccepted ? [] : ['RUN: nothing was accepted']),
  ]
}
