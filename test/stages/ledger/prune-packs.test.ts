// Retention of packs: they go as a whole, with all that D1 has of them; their bytes go before.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { pack } from '../../../src/stages/ledger/pack.ts'
import { prune } from '../../../src/stages/ledger/prune.ts'
import { writeRelayState } from '../../../src/store/ledger/relay-state.ts'
import { NOW, toolsAt } from '../../builders.ts'
import { aLog, books, clearLog, count, DAY, errors, HOUR, LATER } from '../../packed-log.ts'
import {
  faulty,
  hotLines,
  objectNames,
  PACK_TABLES,
  PLACES,
  packAll,
  packedLines,
  rollAll,
} from '../../packs.ts'

const { d1, r2 } = PLACES
const retention = {
  retentionDays: 400,
  rawRetentionDays: 90,
  isRetentionReadable: true,
  rawRetentionMinDays: 7,
  databaseBytes: 10e9,
}
const END = NOW + 401 * DAY
const run = (place: typeof d1, now = END, settings = retention) =>
  prune(place, settings, toolsAt(now))

const counters = async () =>
  (await books()).filter((line) => /^(received|test|attempt|latency) /.test(line))

beforeEach(async () => {
  await clearLog()
  await env.DB.batch(
    [
      'UPDATE pruned SET events = 0, raws = 0, raws_left = NULL, day = 0, kept_days = NULL, next_days = NULL',
      'DELETE FROM packed_contacts',
    ].map((sql) => env.DB.prepare(sql)),
  )
})

describe.each([
  ['D1', d1],
  ['R2', r2],
])('a pack in %s', (_, place) => {
  it('is deleted as a whole, with all that was known of its events', async () => {
    await aLog()
    await packAll(place, LATER)
    const before = await counters()
    expect(await count('packs')).toBe(2)
    expect(await count('contacts')).toBeGreaterThan(0)

    await run(place, NOW + 400 * DAY)
    expect(await count('packs')).toBe(2)
    await run(place)

    const others = PACK_TABLES.filter((table) => table !== 'pack_garbage')
    const tables = ['events', 'deliveries', 'contacts', 'segments', 'ledger', 'statistics']
    for (const table of [...others, ...tables, 'postings', 'posting_spans']) {
      expect(await count(table), table).toBe(0)
    }
    expect(await counters()).toEqual(before)
    expect(await errors(place)).toEqual([])
    await pack(place, { hotDays: 7 }, toolsAt(END + 31 * DAY))
    expect(await objectNames()).toEqual([])
    expect(await count('pack_garbage')).toBe(0)
  })

  it('may be cut anywhere while it is deleted: what is left is whole, and the next run ends it', async () => {
    await aLog(1, 2)
    await packAll(place, LATER)
    const before = await counters()
    let isCut = true
    for (let n = 1; isCut; n++) {
      isCut = false
      const cut = faulty(place, (call) => {
        if (call < n) return
        isCut = true
        throw new Error('D1_ERROR: Network connection lost.')
      })
      await run(cut).catch(() => undefined)
      expect(await errors(place), `after ${n} calls`).toEqual([])
      expect(await counters(), `after ${n} calls`).toEqual(before)
    }
    await run(place)
    expect(await count('packs')).toBe(0)
    expect(await count('events')).toBe(0)
    expect(await count('packed_events')).toBe(0)
    expect(await errors(place)).toEqual([])
  })

  it('keeps the events that are hot until they may go', async () => {
    await aLog(1)
    await rollAll(LATER)
    await env.DB.prepare(
      "UPDATE deliveries SET state = 'held', due = 1 WHERE target = 'good' AND event = (SELECT min(event) FROM deliveries)",
    ).run()
    await env.DB.prepare('UPDATE segments SET counted = 0').run()
    await packAll(place, LATER)

    await run(place)

    expect(await count('packs')).toBe(0)
    expect((await hotLines()).filter(({ deliveries }) => deliveries.length > 0)).toHaveLength(1)
    expect(await errors(place)).toEqual([])
    await rollAll(END)
    expect(await errors(place)).toEqual([])
  })

  it('loses the bytes of requests first, and nothing else', async () => {
    await aLog(1)
    await packAll(place, LATER)
    const before = await packedLines(place)
    const ledger = await books(place)
    expect(before.some(({ raw }) => raw)).toBe(true)

    await run(place, NOW + 90 * DAY)
    expect(await packedLines(place)).toEqual(before)
    await run(place, NOW + 90 * DAY + HOUR)

    expect(await packedLines(place)).toEqual(
      before.map(({ raw, ...line }) => (raw === '' ? { ...line, raw } : line)),
    )
    expect(await count('packs WHERE has_raw = 1')).toBe(0)
    expect(await books(place)).toEqual(ledger)
    expect(await errors(place)).toEqual([])
  })
})

describe('bytes of a database that is nearly full', () => {
  it('go early from packs in D1, and not from those in R2, which take no room of it', async () => {
    await aLog(1)
    await packAll(d1, LATER)
    await env.DB.prepare("UPDATE packs SET place = 'd1'").run()
    const full = { ...retention, databaseBytes: 1000 }
    await writeRelayState(env.DB, { cronAt: LATER, bytes: 1000, isShortOfSpace: true, sizes: [] })
    const hasRaw = () => count('packs WHERE has_raw = 1')

    await run(d1, NOW + 7 * DAY, full)
    expect(await hasRaw()).toBe(1)
    await run(d1, NOW + 7 * DAY + HOUR, full)
    expect(await hasRaw()).toBe(0)

    await clearLog()
    await aLog(1)
    await packAll(r2, LATER)
    await run(r2, NOW + 7 * DAY + HOUR, full)
    expect(await hasRaw()).toBe(1)
  })
})

describe('a pack that cannot be reached', () => {
  it('stays, and so do the hot events of its time; others go', async () => {
    await aLog(2)
    await packAll(r2, LATER)
    const hot = await hotLines()
    await env.DB.prepare(
      `UPDATE packs SET place = 'd1' WHERE start = (SELECT min(start) FROM packs)`,
    ).run()

    await run(r2)

    expect(await count("packs WHERE place = 'd1'")).toBe(1)
    expect(await count("packs WHERE place = 'r2'")).toBe(0)
    // The bytes of hot events have a retention of their own, which is over.
    expect(hot.every(({ raw }) => raw)).toBe(true)
    expect(await hotLines()).toEqual(hot.map(({ raw: _, ...line }) => line))
  })
})
