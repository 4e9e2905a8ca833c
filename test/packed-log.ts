// A log of some hours that is packed in tests, and what its books say.
import { env } from 'cloudflare:workers'
import { discrepancies, tally } from '../src/core/ledger/ledger.ts'
import type { PackEnv } from '../src/store/events/packs/packs.ts'
import { listCounts } from '../src/store/ledger/ledger.ts'
import { readStatistics } from '../src/store/ledger/statistics.ts'
import { listDifferences } from '../src/store/ledger/verify.ts'
import { aConfig, aPayment, NOW } from './builders.ts'
import { empty, LOG_TABLES } from './database.ts'
import { linesOfLedger } from './ledger-lines.ts'
import { clearPacks } from './packs.ts'
import { aWorld } from './world.ts'

export const HOUR = 3_600_000
export const DAY = 24 * HOUR
/** When the events of the log are older than a week. */
export const LATER = NOW + 8 * DAY
/** The period of the log. */
export const EVER = { since: NOW - DAY, until: NOW + 2 * DAY }

const config = aConfig(
  { name: 'good', url: 'https://good.example/' },
  { name: 'moody', url: 'https://moody.example/', retry: [5] },
)

/** Empties everything. */
export async function clearLog(): Promise<void> {
  await empty(...LOG_TABLES, 'statistics', 'totals', 'targets', 'replays')
  await clearPacks()
}

/** Some hours with repeats, a message that is not understood, and a target whose every fourth delivery dies. */
export async function aLog(hours = 2, each = 4): Promise<void> {
  const known: string[] = []
  const world = aWorld(
    config,
    () => undefined,
    (target, _n, headers) => {
      const event = headers.get('webhook-id') ?? ''
      if (!known.includes(event)) known.push(event)
      const isRefused = target === 'moody' && known.indexOf(event) % 4 === 0
      return new Response('no', { status: isRefused ? 500 : 200 })
    },
  )
  for (let hour = 0; hour < hours; hour++) {
    const same = aPayment()
    for (let i = 0; i < each; i++) await world.take('hype', aPayment())
    await world.take('hype', same)
    await world.take('hype', same)
    await world.take('hype', { nothing: 'known' })
    await world.live(10)
    world.advance(HOUR - 10 * 60_000)
  }
}

/** How many rows a query is about: a table, with a condition. */
export const count = async (from: string) =>
  (await env.DB.prepare(`SELECT count(*) AS n FROM ${from}`).first<number>('n')) ?? 0

/** What the ledger and the figures say, as lines: the same at any moment. */
export async function books(place: PackEnv = env): Promise<string[]> {
  const { total } = await readStatistics(env.DB, 0)
  const sums = new Map<string, number>()
  for (const { kind, name, outcome, bucket, count, ms } of total) {
    const key = `${kind} ${name} ${outcome} ${bucket}`
    sums.set(key, (sums.get(key) ?? 0) + count)
    sums.set(`${key} ms`, (sums.get(`${key} ms`) ?? 0) + ms)
  }
  const figures = [...sums].filter(([, n]) => n !== 0).map(([key, n]) => `${key}: ${n}`)
  return [...(await linesOfLedger(EVER, place)), ...figures.sort()]
}

/** What is wrong; empty at any moment. */
export async function errors(place: PackEnv = env): Promise<string[]> {
  const found: string[] = []
  for (let since: number | undefined = EVER.since; since !== undefined; ) {
    const { differences, next } = await listDifferences(place, { ...EVER, since })
    found.push(...differences)
    since = next
  }
  return [...discrepancies(tally(await listCounts(place, EVER))), ...found]
}
