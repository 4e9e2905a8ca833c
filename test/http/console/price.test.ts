// Pages of a log with 100,000 events are small, and need few rows and few round trips.
import { env } from 'cloudflare:test'
import { beforeAll, expect, it, vi } from 'vitest'
import { idOfKey } from '../../../src/core/id.ts'
import { takeSnapshot } from '../../../src/stages/ledger/snapshot.ts'
import { aConfig, NOW, toolsAt } from '../../builders.ts'
import { EVENTS, fillLargeLog, keyAt, MANY } from '../../store/large-log.ts'
import { anOperator, emptyLog } from './visitor.ts'

const config = aConfig(
  { name: 'crm' },
  { name: 'finance', events: ['payment.*'] },
  { name: 'seldom' },
)
/** The files that browsers load with the first page. */
const ASSETS = ['pico.css', 'console.css', 'htmx.js', 'console.js', 'icon.svg']
const MAX_BYTES = 200_000

beforeAll(async () => {
  await emptyLog()
  await fillLargeLog()
  await takeSnapshot({ DB: env.DB }, config, toolsAt(NOW))
}, 120_000)

/** The size of a compressed body, as it is transferred. */
async function compressedSize(body: string): Promise<number> {
  const stream = new Response(body).body?.pipeThrough(new CompressionStream('gzip'))
  return (await new Response(stream).arrayBuffer()).byteLength
}

/** The rows that D1 reads in batches, as for lists, during an act, and the number of batches. */
async function readFor(act: () => Promise<unknown>): Promise<{ rows: number; trips: number }> {
  const spy = vi.spyOn(env.DB, 'batch')
  await act()
  const results = (await Promise.all(spy.mock.results.map(({ value }) => value))) as D1Result[][]
  spy.mockRestore()
  const rows = results.flat().reduce((sum, { meta }) => sum + meta.rows_read, 0)
  return { rows, trips: results.length }
}

const AN_EVENT = idOfKey(keyAt(EVENTS / 2 + 1))
const FORM = { since: '24h', target: 'crm', state: 'dead' }

it.each<[path: string, rows: number, form?: Record<string, string>]>([
  ['/console', 5000],
  ['/console?period=30d', 5000],
  ['/console/events', 170],
  ['/console/events?limit=200', 620],
  ['/console/events?type=payment.failed&paused=1', 170],
  [`/console/events?person=${MANY}`, 170],
  [`/console/events/${AN_EVENT}`, 50],
  ['/console/deliveries', 170],
  ['/console/deliveries?limit=200', 620],
  ['/console/deliveries?state=held', 170],
  ['/console/targets', 50],
  ['/console/replays', 50],
  ['/console/replays/plan', 250_000, FORM],
  ['/console/quarantine', 5000],
  ['/console/people', 50],
  [`/console/people/${MANY}`, 250],
  ['/console/find', 250, { who: 'many@example.com', from: '/console/people' }],
  ['/console/simulate', 50],
  ['/console/set-up', 50],
])('answers %s with few rows, few round trips and a small page', async (path, rows, form) => {
  const operator = await anOperator({ config })
  const ask = () => (form === undefined ? operator.open(path) : operator.send(path, form))
  const page = await ask()
  expect(page.status).toBe(200)
  const { rows: read, trips } = await readFor(ask)
  const assets = await Promise.all(
    ASSETS.map(async (name) => (await operator.ask(`/console/assets/${name}`)).text()),
  )
  const sizes = await Promise.all([page.html, ...assets].map(compressedSize))
  const bytes = sizes.reduce((sum, one) => sum + one, 0)
  // `npm run bench -- growth` measures the time, which depends on these figures.
  expect(trips).toBeLessThanOrEqual(8)
  expect(read).toBeLessThanOrEqual(rows)
  expect(bytes).toBeLessThan(MAX_BYTES)
})
