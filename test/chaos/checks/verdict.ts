// The end of a run: all checks, and the tables.
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
import { copiesAmong, copyBreaches } from './copies.ts'
import type { KindResult } from './kinds-check.ts'
import { checkAnswers, checkLedger, checkLog } from './ledger.ts'
import { describeLosses, listMissing, listStrays } from './losses.ts'

/** The parts of a run, and the times of its phases. */
export type World = { runtime: Runtime; receivers: Receivers; load: Load; spans: Span[] }

/** Runs all checks, prints the tables, and returns the exit status. */
export async function judge(world: World, kinds: KindResult[], test?: FaultsTest): Promise<number> {
  const { runtime, receivers, load, spans } = world
  const { successes, violations } = receivers
  const copies = await copiesAmong(successes, runtime.kills, runtime.faults)
  const breaches = [
    ...checkFaults(world),
    ...(await describeLosses(listMissing(load, successes))),
    ...listStrays(load, successes),
    ...copyBreaches(copies),
    ...checkAnswers(load),
    ...checkLog(load, await listLog()),
    ...checkLedger(await readLedger(), load, successes),
    ...(await listDifferences()).map((difference) => `LEDGER: ${difference}`),
    ...kinds.flatMap((kind) => kind.breaches),
    ...violations.map((violation) => `RECEIVED: ${violation}`),
    ...runtime.unhandled.map((line) => `UNHANDLED: ${line}`),
    ...(test?.breaches ?? []),
  ]
  console.log('')
  printSpans(spans, load, runtime.faults)
  printTargets(load, successes, copies)
  printKinds(kinds)
  if (test) printFaultsTest(test)
  return printVerdict(breaches)
}

/** The phases in which no fault was injected although some were planned: such a phase shows nothing. */
function checkFaults({ runtime, load, spans }: World): string[] {
  const idle = spans.filter((span) => span.hasFaults && faultsIn(span, runtime.faults) === 0)
  const isAccepted = load.messages.some(({ requests }) =>
    requests.some((one) => one.status === 202),
  )
  return [
    ...idle.map(({ name }) => `RUN: no fault was injected in the phase "${name}"`),
    ...(isAccepted ? [] : ['RUN: no request was accepted']),
  ]
}
