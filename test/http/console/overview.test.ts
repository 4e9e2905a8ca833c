// The overview: problems that need attention, and figures that match the log.
import { env } from 'cloudflare:test'
import { beforeEach, expect, it } from 'vitest'
import { HEALTHY } from '../../../src/core/deliveries/breaker.ts'
import { rollUp } from '../../../src/stages/ledger/rollup.ts'
import { takeSnapshot } from '../../../src/stages/ledger/snapshot.ts'
import { replaceHealth } from '../../../src/store/deliveries/targets.ts'
import { readReceivedByOutcome } from '../../../src/store/ledger/statistics.ts'
import { aConfig, aPayment, NOW, stored, take, toolsAt } from '../../builders.ts'
import { anOperator, emptyLog } from './visitor.ts'

const HOUR = 3_600_000
const config = aConfig({ name: 'crm' }, { name: 'finance', events: ['payment.*'] })

beforeEach(emptyLog)

it('reports that nothing needs attention, and what to do while no event has arrived', async () => {
  const { text } = await (await anOperator({ config })).open('/console')

  expect(text).toContain('Nothing needs attention.')
  expect(text).toContain(
    'No vendor sent an event in this period. Connect a vendor, or simulate one.',
  )
  expect(text).toContain('Balanced: every event and delivery is accounted for.')
})

it('lists what needs attention, in the words of the command line', async () => {
  await stored(config, 'hype', { ...aPayment(), type: 'refund.created' })
  const failing = {
    ...HEALTHY,
    state: 'backing_off' as const,
    failures: 5,
    failingSince: NOW + 33 * 60_000,
    probeAt: NOW + 40 * 60_000,
    cooldownSeconds: 30,
  }
  await replaceHealth(env.DB, 'crm', HEALTHY, failing)
  const { text, html } = await (await anOperator({ config })).open('/console')

  expect(text).toContain('crm has been failing since 00:33 UTC: next probe 00:40 UTC.')
  expect(text).toContain('1 message in quarantine.')
  expect(html).toContain('href="/console/targets#crm"')
  expect(text).not.toContain('Nothing needs attention.')
})

it('shows the ledger, and the events by source and outcome', async () => {
  await stored(config, 'hype', aPayment(), { now: NOW - 2 * HOUR })
  await stored(config, 'hype', aPayment(), { now: NOW - 2 * HOUR })
  await take(config, 'hype', { type: 'refund.created' }, { now: NOW - HOUR })
  const { text, html } = await (await anOperator({ config })).open('/console')

  expect(text).toMatch(
    /received 4 accepted 3 quarantined 1 duplicate 0 erased 0 inferred events 0 deliveries created 4/,
  )
  expect(text).toContain('Balanced: every event and delivery is accounted for.')
  expect(html).toMatch(
    /aria-label="hype, events per hour: 2 accepted, 1 quarantined, 0 duplicate, 0 erased; at most 2 in an hour"/,
  )
})

it('shows in red where the ledger does not add up', async () => {
  await stored(config, 'hype', aPayment())
  await env.DB.prepare("DELETE FROM deliveries WHERE target = 'finance'").run()
  const { html, text } = await (await anOperator({ config })).open('/console')

  expect(text).toMatch(/Not balanced: events created \d deliveries, but \d exist\./)
  expect(html).toContain('class="attention bad"')
})

it('shows the state of sources and targets', async () => {
  await stored(config, 'hype', aPayment(), { now: NOW - HOUR })
  // A fresh delivery is watched after the first sweep.
  await env.DB.prepare('UPDATE deliveries SET swept = 0').run()
  await takeSnapshot({ DB: env.DB }, config, toolsAt(NOW))
  const { text } = await (await anOperator({ config })).open('/console?period=7d')

  expect(text).toMatch(/hype active 2026-11-20 23:00:00 1 1 0 needs a week of data/)
  expect(text).toMatch(/crm active no attempts 1 due 2026-11-20 23:00:00/)
})

it('says what could not be read while D1 does not answer, and names the state of the relay otherwise', async () => {
  const down = () => Promise.reject(new Error('D1_ERROR: Network connection lost.'))
  const statement = { all: down, first: down, run: down, bind: () => statement }
  const DB = { prepare: () => statement, batch: down } as unknown as D1Database
  const [without, withD1] = await Promise.all([
    (await anOperator({ config, env: { DB } })).open('/console'),
    (await anOperator({ config })).open('/console'),
  ])

  expect(without.status).toBe(200)
  expect(without.text).toContain('D1 did not answer, so this list is not complete.')
  expect(without.text).toContain('The figures could not be read.')
  expect(without.text).toContain('database unknown schema unknown last cron run')
  expect(withD1.text).toMatch(
    /database 0\.\d MB of 10\.0 GB \(0 %\) schema \d{4}_\w+\.sql last cron run \d/,
  )
})

it('distinguishes held deliveries from due ones, and test events from others', async () => {
  await stored(config, 'hype', aPayment(), { now: NOW - HOUR, headers: { 'relay-test': 'true' } })
  await env.DB.prepare("UPDATE deliveries SET state = 'held', reason = 'paused'").run()
  await takeSnapshot({ DB: env.DB }, config, toolsAt(NOW))
  const { text } = await (await anOperator({ config })).open('/console')

  expect(text).toContain('hapana active never')
  expect(text).toContain('hype active 2026-11-20 23:00:00 (test)')
  expect(text).toContain('crm active no attempts 1 held since 2026-11-20 23:00:00')
})

it('reads the same counts for the chart from roll-ups as from the log', async () => {
  for (let i = 0; i < 30; i++) {
    await stored(config, 'hype', aPayment(), { now: NOW - (1 + (i % 3)) * HOUR })
  }
  const first = Math.floor(NOW / HOUR) - 24
  const read = async () =>
    (await readReceivedByOutcome(env.DB, first)).toSorted((a, b) => a.hour - b.hour)
  const live = await read()
  await rollUp({ DB: env.DB }, toolsAt(NOW + HOUR))

  expect(await read()).toEqual(live)
  expect(live.map(({ count }) => count)).toEqual([10, 10, 10])
})
