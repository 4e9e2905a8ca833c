// Versions of packs: each is written as a whole and read back before it may take the place of the former one.
import { addTo, type LineStream, noSums } from '../../../core/ledger/pack.ts'
import { type PackLine, writeLine } from '../../../core/ledger/pack-line.ts'
import type { Pack, PackEnv } from '../../events/packs/packs.ts'
import { readLines } from '../../events/packs/read.ts'
import { checkBytes, writeBytes } from '../../events/packs/write.ts'
import { noteGarbage, retire } from './garbage.ts'
import { putPack } from './swap.ts'

/** The clock and the randomness by which versions are told apart. */
export type Dice = { now: () => number; random: () => number }

/** A whole number that no other run has: of the time (epoch milliseconds), and random. */
export const newToken = ({ now, random }: Dice): number =>
  now() * 1000 + Math.floor(random() * 1000)

/**
 * Writes lines as a new version of a segment's pack: in R2 where a bucket is bound, else in D1. Reads it back and compares.
 * Nothing uses it until `putPack`; if that never happens, its bytes are garbage. Throws when the place does not take or give the
 * bytes, or gives others.
 */
export async function writeVersion(
  env: PackEnv,
  { start, until }: { start: number; until: number },
  lines: LineStream,
  dice: Dice,
): Promise<Pack> {
  const version = newToken(dice)
  const own = { start, version, place: env.ARCHIVE ? ('r2' as const) : ('d1' as const) }
  await noteGarbage(env.DB, own, dice.now()).run()
  const sums = noSums()
  async function* texts() {
    for await (const some of lines) {
      for (const line of some) addTo(sums, line)
      yield some.map(writeLine)
    }
  }
  const written = await writeBytes(env, own, texts())
  const pack = { ...own, until, ...written, ...sums }
  const problem = await checkBytes(env, pack)
  if (problem !== undefined) throw new Error(`a pack is not as it was written: ${problem}`)
  return pack
}

/**
 * Writes a pack again with each line changed, or left out where `change` returns undefined, and puts it in the place of the
 * former version together with `others`. The bytes of the former version are garbage then, which a bucket keeps for 30 days: `collect`
 * deletes them at once. Returns the new one. Throws like
 * `writeVersion` and `putPack`; then the pack is as it was.
 */
export async function rewritePack(
  env: PackEnv,
  former: Pack,
  change: (line: PackLine) => PackLine | undefined,
  dice: Dice,
  others: readonly D1PreparedStatement[] = [],
): Promise<Pack> {
  async function* changed() {
    for await (const lines of readLines(env, former))
      yield lines.flatMap((line) => change(line) ?? [])
  }
  const pack = await writeVersion(env, former, changed(), dice)
  await putPack(env.DB, pack, former, dice.now(), others)
  await retire(env, former)
  return pack
}
