// Waiting until no delivery is unfinished.
import { type Ledger, readLedger } from './api.ts'
import { KINDS } from './checks/kinds.ts'
import type { KindResult } from './checks/kinds-check.ts'
import { listMissing } from './checks/losses.ts'
import type { Load } from './load.ts'
import { sleep } from './ports.ts'
import type { Success } from './receivers.ts'

/** Waits until all messages have arrived and no delivery is unfinished, or until a time. */
export async function drain(
  until: number,
  load: Load,
  successes: Success[],
  inspectKinds: () => Promise<KindResult[]>,
): Promise<void> {
  while (Date.now() < until) {
    await sleep(500)
    if (listMissing(load, successes).length > 0) continue
    if (!isQuiet(await readLedger())) continue
    const kinds = await inspectKinds()
    if (kinds.every(({ breaches }) => breaches.length === 0)) return
  }
}

/** True when no delivery waits, except those to the kinds of receivers, which are checked one by one. */
function isQuiet({ targets }: Ledger): boolean {
  return targets
    .filter(({ target }) => KINDS.every(({ name }) => name !== target))
    .every(({ pending, retrying, held }) => pending + retrying + held === 0)
}
