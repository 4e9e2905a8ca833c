// Retention of packs: they are dropped as a whole, and written again without the bytes of requests.
import { withoutRaw } from '../../core/ledger/pack.ts'
import type { Tools } from '../../env.ts'
import type { Pack, PackEnv } from '../../store/events/packs/packs.ts'
import {
  dropPack,
  firstOldPack,
  isAnyPackOld,
  type OldPack,
} from '../../store/ledger/packs/drop.ts'
import { rewritePack } from '../../store/ledger/packs/version.ts'
import { isOutOfStatements } from '../jobs.ts'

/** How long a run begins another pack to drop, and one to write again, in milliseconds. */
const DROP_MS = 12_000
const STRIP_MS = 3000

/**
 * The ends of retention in epoch milliseconds: of events and of their bytes. `early`: that of bytes in D1 while the database
 * is nearly full.
 */
type Ends = { before: number; rawBefore: number; early: number | undefined }

/**
 * Deletes packs, and the bytes of requests in packs, whose retention is over: as many as a run has time for. Returns how many
 * events that were, and the start of the first pack that should go and is still there. A pack that cannot be read or deleted
 * is logged, and is not in the way of the others.
 */
export async function prunePacks(
  env: PackEnv,
  { before, rawBefore, early }: Ends,
  tools: Tools,
): Promise<{ dropped: number; stripped: number; kept: number | undefined }> {
  const isDue = await isAnyPackOld(env.DB, [before, rawBefore, early ?? 0])
  if (!isDue) return { dropped: 0, stripped: 0, kept: undefined }
  const strip = async (pack: Pack) => (await rewritePack(env, pack, withoutRaw, tools)).events
  const stripAll = (last: number, place?: 'd1') =>
    each(env, { before: last, hasRaw: true, place }, STRIP_MS, strip, tools)
  const drop = (pack: Pack) => dropPack(env, pack, tools.now())
  const dropped = await each(env, { before }, DROP_MS, drop, tools)
  const stripped = await stripAll(rawBefore)
  const strippedEarly = early === undefined ? 0 : await stripAll(early, 'd1')
  const kept = await firstOldPack(env.DB, { after: -1, before })
  return { dropped, stripped: stripped + strippedEarly, kept: kept?.start }
}

/** Does something with old packs for some time, the earliest first. Returns the sum of what it returns. */
async function each(
  env: PackEnv,
  which: Omit<OldPack, 'after'>,
  ms: number,
  act: (pack: Pack) => Promise<number>,
  { now, log }: Tools,
): Promise<number> {
  const until = now() + ms
  let [after, sum] = [-1, 0]
  while (now() < until) {
    const pack = await firstOldPack(env.DB, { ...which, after })
    if (pack === undefined) break
    after = pack.start
    try {
      sum += await act(pack)
    } catch (error) {
      if (isOutOfStatements(error)) throw error
      log({ at: 'prune', pack: pack.start, fault: String(error) })
    }
  }
  return sum
}
