// Compares a pack with what D1 says of it: its bytes with their hashes, and its lines with the frozen counts.
import { formatInstant } from '../../../core/events/time.ts'
import { type EventId, firstKeyAt, timeOfId } from '../../../core/id.ts'
import type { Count } from '../../../core/ledger/ledger.ts'
import { countsOf } from '../../../core/ledger/pack.ts'
import type { PackLine } from '../../../core/ledger/pack-line.ts'
import { listHotEvents } from '../../events/packs/hot.ts'
import { getPack, type Pack, type PackEnv } from '../../events/packs/packs.ts'
import { readLines } from '../../events/packs/read.ts'
import { checkBytes } from '../../events/packs/write.ts'
import { readStatus } from '../../stored-words.ts'

/** Returns the differences of a pack as texts; none if it was replaced or deleted meanwhile. */
export async function listPackDifferences(env: PackEnv, pack: Pack): Promise<string[]> {
  const differences = await differencesOf(env, pack)
  if (differences.length === 0) return []
  // Restored, erased or deleted meanwhile: what was read is not of one moment.
  const present = await getPack(env.DB, pack.start)
  if (present === undefined) return []
  if (present.version !== pack.version) return differencesOf(env, present)
  return differencesOf(env, pack)
}

async function differencesOf(env: PackEnv, pack: Pack): Promise<string[]> {
  const name = `the pack of ${formatInstant(pack.start)}`
  try {
    const problem = await checkBytes(env, pack)
    if (problem !== undefined) return [`${name}: ${problem}`]
    return (await differencesOfLines(env, pack)).map((text) => `${name}: ${text}`)
  } catch (error) {
    return [`${name} cannot be read: ${error instanceof Error ? error.message : error}`]
  }
}

async function differencesOfLines(env: PackEnv, pack: Pack): Promise<string[]> {
  const range = { from: firstKeyAt(pack.start), before: firstKeyAt(pack.until) }
  const [frozen, hot] = [await listFrozen(env.DB, pack.start), await listHotEvents(env.DB, range)]
  const isHot = new Set(hot)
  const differences: string[] = []
  const packed: PackLine[] = []
  let last: EventId | '' = ''
  for await (const lines of readLines(env, pack)) {
    for (const line of lines) {
      differences.push(...problemsOf(line, pack, last))
      last = line.id
      if (!isHot.has(line.id)) packed.push({ ...line, raw: '', event: '' })
    }
  }
  return [...differences, ...compare(frozen, countsOf(packed))]
}

/** What is wrong with a line; `last`: the id of the line before it. */
function problemsOf(line: PackLine, { start, until }: Pack, last: EventId | ''): string[] {
  const { id, deliveries_created: created, deliveries } = line
  const time = timeOfId(id)
  return [
    ...(id > last ? [] : [`${id} stands behind ${last}`]),
    ...(time >= start && time < until ? [] : [`${id} was received at another time`]),
    ...(created === undefined
      ? []
      : [`${id}: ${created} deliveries created, ${deliveries.length} in the pack`]),
  ]
}

async function listFrozen(db: D1Database, start: number): Promise<Count[]> {
  const { results } = await db
    .prepare(
      'SELECT kind, name, state, count, planned AS created FROM ledger WHERE start = ?1 + 1 AND (count <> 0 OR planned <> 0)',
    )
    .bind(start)
    .all<Count>()
  return results.map((count) => ({ ...count, state: readStatus(count.state) }))
}

function compare(frozen: readonly Count[], found: readonly Count[]): string[] {
  const nameOf = ({ kind, name, state }: Count) => `${kind} ${name} ${state}`
  const byName = (counts: readonly Count[]) =>
    new Map(counts.map((count) => [nameOf(count), count]))
  const [stored, inPack] = [byName(frozen), byName(found)]
  return [...new Set([...stored.keys(), ...inPack.keys()])].sort().flatMap((name) => {
    const [one, other] = [stored.get(name), inPack.get(name)]
    if (one?.count !== other?.count)
      return [`${name}: ${one?.count ?? 0} in the roll-up, ${other?.count ?? 0} in the pack`]
    if (one?.created === other?.created) return []
    return [
      `${name}: ${one?.created} deliveries created by the roll-up, ${other?.created} by the pack`,
    ]
  })
}
