// Waiting until nothing is under way any more.
import { type Ledger, readLedger } from './api.ts'
import { missingOf } from './checks/arrivals.ts'
import { KINDS } from './checks/kinds.ts'
import type { KindResult } from './checks/kinds-check.ts'
import type { Load } from './load.ts'
import { sleep } from './ports.ts'
import type { Receipt } from './receivers.ts'

/** Waits until everything has arrived and the relay owes nobody anything, or until a time. */
export async function drain(
  until: number,
  load: Load,
  receipts: Receipt[],
  lookAtKinds: () => Promise<KindResult[]>,
): Promise<void> {
  while (Date.now() < until) {
    await sleep(500)
    if (missingOf(load, receipts).length > 0) continue
    if (!isQuiet(await readLedger())) continue
    const kinds = await lookAtKinds()
    if (kinds.every(({ breaches }) => breaches.length === 0)) return
  }
}

/** True when no delivery waits, but those to kinds of receivers, which are looked at one by one. */
function isQuiet({ targets }: Ledger): boolean {
  return targets
    .filter(({ target }) => KINDS.every(({ name }) => name !== target))
    .every(({ pending, retrying, held }) => pending + retrying + held === 0)
}
