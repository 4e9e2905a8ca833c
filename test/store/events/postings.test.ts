// Lists stay correct if a segment changes after it was posted, both before and after it is posted again.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import type { MembershipEvent } from '../../../src/core/events/event.ts'
import { type EventId, firstKeyAt } from '../../../src/core/id.ts'
import { rollUp } from '../../../src/stages/ledger/rollup.ts'
import { updateDeliveries } from '../../../src/store/deliveries/deliveries.ts'
import { listDeliveries } from '../../../src/store/deliveries/lists/delivery-lists.ts'
import { restartDeliveries } from '../../../src/store/deliveries/restart-deliveries.ts'
import type { EventFilter } from '../../../src/store/events/event-filter.ts'
import { getEvent, listEvents } from '../../../src/store/events/events.ts'
import { updateEvents } from '../../../src/store/events/update-events.ts'
import { aConfig, aPayment, NOW, stored, toolsAt } from '../../builders.ts'
import { empty, LOG_TABLES } from '../../database.ts'

const HOUR = 3_600_000
const config = aConfig({ name: 'good' })
const postAll = () => rollUp(env, toolsAt(NOW + 2 * HOUR))
const posted = () =>
  env.DB.prepare('SELECT min(posted) AS posted FROM segments').first<number>('posted')

async function ids(filter: EventFilter): Promise<EventId[]> {
  const { items } = await listEvents(env, filter, { limit: 50 })
  return items.map(({ id }) => id)
}

async function targetsOf(filter: { targets: string[] }): Promise<string[]> {
  const { items } = await listDeliveries(env, filter, { limit: 50 })
  return items.map(({ event, target }) => `${event} ${target}`)
}

beforeEach(() => empty(...LOG_TABLES))

describe('a posted hour', () => {
  it('is scanned after an event in it has changed, until it is posted again', async () => {
    const id = await stored(config, 'hype', aPayment())
    const other = await stored(config, 'hype', aPayment())
    await postAll()
    expect(await ids({ types: ['payment.created'] })).toEqual([other, id].sort().toReversed())

    const event = (await getEvent(env, id))?.event as MembershipEvent
    await updateEvents(env.DB, [
      { event: { ...event, type: 'payment.failed' } as MembershipEvent, contact: undefined },
    ])

    for (const isPosted of [0, 1]) {
      expect(await posted()).toBe(isPosted)
      expect(await ids({ types: ['payment.failed'] })).toEqual([id])
      expect(await ids({ types: ['payment.created'] })).toEqual([other])
      await postAll()
    }
  })

  it('lists an event that is recorded late', async () => {
    await stored(config, 'hype', aPayment())
    await postAll()

    const late = await stored(config, 'hype', aPayment({ type: 'nothing.known' }), {
      now: NOW + 60_000,
    })

    expect(await ids({ statuses: ['quarantined'] })).toEqual([late])
    await postAll()
    expect(await ids({ statuses: ['quarantined'] })).toEqual([late])
  })

  it('lists an event by a target that was added', async () => {
    const id = await stored(config, 'hype', aPayment())
    await postAll()

    await restartDeliveries(env.DB, id, { targets: ['added'], now: NOW + 2 * HOUR })

    expect(await targetsOf({ targets: ['added'] })).toEqual([`${id} added`])
    await postAll()
    expect(await posted()).toBe(1)
    expect(await targetsOf({ targets: ['added'] })).toEqual([`${id} added`])
  })

  it('stays posted if only deliveries change', async () => {
    const id = await stored(config, 'hype', aPayment())
    await postAll()

    await updateDeliveries(env.DB, [
      { delivery: { event: id, target: 'good', attempt: 1 }, next: { state: 'delivered' } },
    ])

    for (const isCounted of [0, 1]) {
      const marks = await env.DB.prepare('SELECT counted, posted FROM segments').first()
      expect(marks).toEqual({ counted: isCounted, posted: 1 })
      expect(await ids({ types: ['payment.created'] })).toEqual([id])
      await postAll()
    }
  })

  it('is scanned if it has more events than a row can hold', async () => {
    const id = await stored(config, 'hype', aPayment(), { now: NOW + 120_000 })
    const key = firstKeyAt(NOW + 60_000)
    await env.DB.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100001)
       INSERT INTO events (key, source, vendor, status, type, planned, hops, dedup_key, encoding, headers)
       SELECT ${key} + i, 'hype', 'hype', 'duplicate', 'contact.updated', 0, 0, '', 'utf8', '{}' FROM n`,
    ).run()
    await env.DB.prepare('UPDATE segments SET posted = 0, counted = 0').run()

    await postAll()

    expect(await posted()).toBe(-1)
    expect(await ids({ types: ['payment.*'] })).toEqual([id])
  })
})
