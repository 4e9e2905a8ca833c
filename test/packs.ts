// Packs in tests: everything the log has, in rows and in packs, and a log of which some is packed.
import { env } from 'cloudflare:workers'
import { firstKeyAt, idOfKey } from '../src/core/id.ts'
import { lineOf, type PackLine } from '../src/core/ledger/pack-line.ts'
import { pack } from '../src/stages/ledger/pack.ts'
import { rollUp } from '../src/stages/ledger/rollup.ts'
import type { PackEnv } from '../src/store/events/packs/packs.ts'
import { listPacks } from '../src/store/events/packs/packs.ts'
import { readLines } from '../src/store/events/packs/read.ts'
import { toolsAt } from './builders.ts'

const HOUR = 3_600_000

/** The tables that packs use. */
export const PACK_TABLES = [
  'packs',
  'pack_parts',
  'pack_garbage',
  'packed_contacts',
  'packed_events',
]

/** D1 alone, and D1 with a bucket. */
export const PLACES: Record<'d1' | 'r2', PackEnv> = {
  d1: { DB: env.DB },
  r2: { DB: env.DB, ARCHIVE: (env as unknown as { ARCHIVE: R2Bucket }).ARCHIVE },
}

/** Empties the tables of packs and the bucket. */
export async function clearPacks(): Promise<void> {
  await env.DB.batch([
    ...PACK_TABLES.map((table) => env.DB.prepare(`DELETE FROM ${table}`)),
    env.DB.prepare('UPDATE packing SET position = 0, day = 0'),
  ])
  const bucket = PLACES.r2.ARCHIVE as R2Bucket
  for (const name of await objectNames()) await bucket.delete(name)
}

/** The names of all objects of packs. */
export async function objectNames(): Promise<string[]> {
  const { objects } = await (PLACES.r2.ARCHIVE as R2Bucket).list({ prefix: 'packs/' })
  return objects.map(({ key }) => key)
}

const number = async (sql: string) => (await env.DB.prepare(sql).first<number>('n')) ?? 0

/** Counts and posts all that has ended at `now`. */
export async function rollAll(now: number): Promise<void> {
  const open = 'SELECT count(*) AS n FROM segments WHERE (counted = 0 OR posted = 0) AND until <='
  while ((await number(`${open} ${now}`)) > 0) await rollUp(env, toolsAt(now))
}

/** Packs all that may be packed at `now` (epoch milliseconds), as the cron does in some minutes. */
export async function packAll(place: PackEnv, now: number, hotDays = 0): Promise<void> {
  await rollAll(now)
  await env.DB.prepare('UPDATE packing SET position = 0, day = 0').run()
  await pack(place, { hotDays }, toolsAt(now))
}

/** The lines of all packs, of hot events too. */
export async function packedLines(place: PackEnv): Promise<PackLine[]> {
  const all: PackLine[] = []
  const ever = { since: 0, until: 1e15 }
  for (const one of await listPacks(place.DB, ever, 10_000))
    for await (const lines of readLines(place, one)) all.push(...lines)
  return all
}

/** The lines of all hot events. */
export async function hotLines(): Promise<PackLine[]> {
  const [events, deliveries] = await env.DB.batch([
    env.DB.prepare(
      'SELECT *, CAST(key AS TEXT) AS key, CAST(matched AS TEXT) AS matched FROM events ORDER BY events.key',
    ),
    env.DB.prepare(
      'SELECT *, CAST(event AS TEXT) AS event FROM deliveries ORDER BY deliveries.event, target',
    ),
  ])
  const words: Record<string, string> = {
    derived: 'inferred',
    twin: 'possible_duplicate',
    open: 'backing_off',
  }
  const worded = (row: Record<string, unknown>, ...columns: string[]) => ({
    ...row,
    ...Object.fromEntries(
      columns.map((column) => [column, words[String(row[column])] ?? row[column]]),
    ),
  })
  type Row = Record<string, unknown>
  const owned = Map.groupBy((deliveries?.results ?? []) as Row[], ({ event }) => event)
  return ((events?.results ?? []) as Row[]).map((event) => {
    const own = (owned.get(event.key) ?? []).map(({ event: _, ...row }) => worded(row, 'reason'))
    return lineOf({ event: worded(event, 'status', 'rung'), deliveries: own } as never)
  })
}

/** Everything the log has, by id: hot events as their rows say, the others as the packs do. */
export async function allLines(place: PackEnv): Promise<Map<string, PackLine>> {
  const packed = (await packedLines(place)).map((line) => [line.id, line] as const)
  const hot = (await hotLines()).map((line) => [line.id, line] as const)
  return new Map([...packed, ...hot].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The first and the last possible event of the hour of a time, as ids. */
export const idsOfHour = (time: number) =>
  [time - (time % HOUR), time - (time % HOUR) + HOUR].map((at) => idOfKey(firstKeyAt(at)))

/** Throws, or lets the n-th call of a binding pass; `after`: the call has taken effect, and its answer is lost. */
export type CallFault = (n: number, when: 'before' | 'after', call: string) => void

/** The same place, of which each call goes through `fault`. */
export function faulty({ DB, ARCHIVE }: PackEnv, fault: CallFault): PackEnv {
  let calls = 0
  async function guarded<T>(call: string, work: () => Promise<T>): Promise<T> {
    const n = ++calls
    fault(n, 'before', call)
    const value = await work()
    fault(n, 'after', call)
    return value
  }
  type Wrapped = { inner: D1PreparedStatement }
  const statement = (inner: D1PreparedStatement): D1PreparedStatement =>
    ({
      inner,
      bind: (...values: unknown[]) => statement(inner.bind(...values)),
      all: () => guarded('DB.all', () => inner.all()),
      run: () => guarded('DB.run', () => inner.run()),
      first: (column: string) => guarded('DB.first', () => inner.first(column)),
    }) as unknown as D1PreparedStatement
  const database = {
    prepare: (sql: string) => statement(DB.prepare(sql)),
    batch: (all: Wrapped[]) => guarded('DB.batch', () => DB.batch(all.map(({ inner }) => inner))),
  } as unknown as D1Database
  if (ARCHIVE === undefined) return { DB: database }
  const bucket = {
    put: (name: string, bytes: Uint8Array) => guarded('R2.put', () => ARCHIVE.put(name, bytes)),
    get: (name: string, options: R2GetOptions) =>
      guarded('R2.get', () => ARCHIVE.get(name, options)),
    list: (options: R2ListOptions) => guarded('R2.list', () => ARCHIVE.list(options)),
    delete: (names: string[]) => guarded('R2.delete', () => ARCHIVE.delete(names)),
  } as unknown as R2Bucket
  return { DB: database, ARCHIVE: bucket }
}
