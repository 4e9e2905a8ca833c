// The packed events of an erased person: they get rows again, which are erased, and their packs are written again without their
// lines; then no former version may be left anywhere. Packs with other events go on having those.
import { type EventId, keyOfId, timeOfId } from '../../../core/id.ts'
import type { PackLine } from '../../../core/ledger/pack-line.ts'
import { HOUR_MS } from '../../../core/period.ts'
import type { Env, Tools } from '../../../env.ts'
import { getPack, packsAt } from '../../../store/events/packs/packs.ts'
import { isChanged } from '../../../store/ledger/packs/frozen.ts'
import { collect } from '../../../store/ledger/packs/garbage.ts'
import { restoreEvents } from '../../../store/ledger/packs/restore.ts'
import { rewritePack } from '../../../store/ledger/packs/version.ts'
import { moveErasure, type RunningErasure } from '../../../store/operate/erasure/erasures.ts'
import {
  firstPacked,
  forgetPacked,
  listFormerBytes,
  listPacked,
} from '../../../store/operate/erasure/packed.ts'
import { eraseRestored } from './events.ts'
import type { StepResult } from './step.ts'

type PackedEnv = Pick<Env, 'DB' | 'ARCHIVE'>

/** How old bytes that no pack has must be, in milliseconds: a writer of them has ended by then. */
const WRITTEN_MS = HOUR_MS

/** How often a pack is written while others write it too. */
const TRIES = 3

/** How far the step is. `pack`: the start of the pack that is written again; `done`: those that were; `isChecking`: former bytes. */
type Place = { pack?: number; done: number[]; isChecking?: true }

/** Erases what the next pack has of a person, or the bytes of former versions after the last one. */
export async function erasePacked(
  env: PackedEnv,
  erasure: RunningErasure,
  tools: Tools,
): Promise<StepResult> {
  const place = JSON.parse(erasure.place ?? '{"done":[]}') as Place
  if (place.isChecking) return eraseFormerBytes(env, place.done, tools)
  const { person, contacts, cut } = erasure
  const first = await firstPacked(env.DB, contacts, cut)
  const start = place.pack ?? (first && (await packsAt(env.DB, [timeOfId(first)]))[0]?.start)
  if (start === undefined) {
    await forgetPacked(env.DB, contacts).run()
    return { place: JSON.stringify({ done: place.done, isChecking: true }) }
  }
  // Noted first: once its events have rows, nothing else leads to this pack.
  await moveErasure(env.DB, person, 'packs', JSON.stringify({ ...place, pack: start })).run()
  await eraseInPack(env, erasure, start, tools)
  return { place: JSON.stringify({ done: [...new Set([...place.done, start])] }) }
}

/** Erases a person's events in one pack. Safe to be cut anywhere and done again. */
async function eraseInPack(
  env: PackedEnv,
  erasure: RunningErasure,
  start: number,
  tools: Tools,
): Promise<void> {
  const { contacts, cut } = erasure
  const pack = await getPack(env.DB, start)
  if (pack === undefined) return
  await restoreEvents(env, await listPacked(env.DB, contacts, pack, cut))
  await eraseRestored(env, erasure)
  const own = new Set(contacts.map(({ source, contact }) => JSON.stringify([source, contact])))
  await withoutLines(
    env,
    start,
    (line) => {
      const isBefore = BigInt(keyOfId(line.id)) < BigInt(cut)
      return isBefore && own.has(JSON.stringify([line.source, line.contact ?? null]))
    },
    tools,
  )
}

/** Erases events that a pack has, of any person, and writes it again without them. */
export async function eraseLines(
  env: PackedEnv,
  ids: readonly EventId[],
  erase: (keys: string[]) => Promise<void>,
  tools: Tools,
): Promise<void> {
  const packs = await packsAt(env.DB, ids.map(timeOfId))
  await restoreEvents(env, ids)
  await erase(ids.map(keyOfId))
  for (const { start } of packs) await withoutLines(env, start, ({ id }) => ids.includes(id), tools)
}

/** Writes a pack again without some lines, whose events have rows, and deletes the bytes of the former version. */
async function withoutLines(
  env: PackedEnv,
  start: number,
  isGone: (line: PackLine) => boolean,
  tools: Tools,
): Promise<void> {
  for (let tries = 1; ; tries++) {
    const former = await getPack(env.DB, start)
    if (former === undefined) return
    try {
      await rewritePack(env, former, (line) => (isGone(line) ? undefined : line), tools)
      return await collect(env, former)
    } catch (error) {
      // Another run has put another version in its place.
      if (!isChanged(error) || tries === TRIES) throw error
    }
  }
}

/** Deletes the bytes of former versions of packs; waits for those that somebody may be writing. */
async function eraseFormerBytes(
  env: PackedEnv,
  starts: readonly number[],
  { now }: Pick<Tools, 'now'>,
): Promise<StepResult> {
  const former = await listFormerBytes(env.DB, starts)
  const [written, fresh] = [former.filter(isOld), former.filter((one) => !isOld(one))]
  for (const version of written) await collect(env, version)
  return fresh.length === 0 ? 'over' : 'waits'

  function isOld({ since }: { since: number }): boolean {
    return since < now() - WRITTEN_MS
  }
}
