// Packs: settled events leave their rows as a whole and come back as a whole; nothing is lost or counted twice wherever it is cut.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import type { EventId } from '../../../src/core/id.ts'
import { isOutOfStatements } from '../../../src/stages/jobs.ts'
import { pack } from '../../../src/stages/ledger/pack.ts'
import { restartDeliveries } from '../../../src/store/deliveries/restart-deliveries.ts'
import { readPacked } from '../../../src/store/events/packs/read.ts'
import { restoreEvents } from '../../../src/store/ledger/packs/restore.ts'
import { NOW, toolsAt } from '../../builders.ts'
import { anInvocation } from '../../invocation.ts'
import { linesOfLedger } from '../../ledger-lines.ts'
import { aLog, books, clearLog, count, DAY, EVER, errors, HOUR, LATER } from '../../packed-log.ts'
import {
  allLines,
  faulty,
  hotLines,
  objectNames,
  PLACES,
  packAll,
  packedLines,
  rollAll,
} from '../../packs.ts'

const { d1, r2 } = PLACES

beforeEach(clearLog)

describe.each([
  ['D1', d1],
  ['R2', r2],
])('a pack in %s', (name, place) => {
  it('has the events of its segment to the byte, and the books stay', async () => {
    await aLog()
    await rollAll(LATER)
    const [before, ledger] = [await allLines(place), await books(place)]
    const unsettled = (await hotLines()).filter(
      ({ status, deliveries }) =>
        status === 'quarantined' || deliveries.some(({ state }) => state !== 'delivered'),
    )
    expect(before.size).toBeGreaterThan(14)
    expect(unsettled.length).toBeGreaterThan(2)

    await packAll(place, LATER, 7)

    expect(await allLines(place)).toEqual(before)
    expect((await hotLines()).map(({ id }) => id)).toEqual(unsettled.map(({ id }) => id))
    expect(await books(place)).toEqual(ledger)
    expect(await errors(place)).toEqual([])
    expect(await count('packs')).toBe(2)
    expect(await count('pack_garbage')).toBe(0)
    expect(await count('pack_parts')).toBe(name === 'D1' ? 2 : 0)
    expect(await objectNames()).toHaveLength(name === 'R2' ? 2 : 0)
    await rollAll(LATER)
    expect(await books(place)).toEqual(ledger)
  })

  it('is read event by event', async () => {
    await aLog()
    await packAll(place, LATER)
    const lines = await packedLines(place)

    const found = await readPacked(
      place,
      lines.map(({ id }) => id),
    )

    expect([...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1))).toEqual(lines)
    expect(await readPacked(place, ['evt_01kb0000000000'.padEnd(17, '0') as EventId])).toEqual(
      new Map(),
    )
  })

  it('gives an event back, which is hot then, and takes it again with what became of it', async () => {
    await aLog()
    await rollAll(LATER)
    const [before, ledger] = [await allLines(place), await books(place)]
    await packAll(place, LATER)
    const ids = (await packedLines(place)).map(({ id }) => id)
    const hot = await hotLines()
    const entries = await count('packed_events')

    const restored = await restoreEvents(place, ids)

    expect(restored).toEqual(ids)
    expect(await allLines(place)).toEqual(before)
    expect(await hotLines()).toHaveLength(before.size)
    expect(hot.length).toBeLessThan(before.size)
    expect(await books(place)).toEqual(ledger)
    expect(await errors(place)).toEqual([])
    expect(await count('packed_events')).toBe(0)
    expect(await restoreEvents(place, ids)).toEqual([])

    await env.DB.prepare("UPDATE events SET vendor_type = 'changed'").run()
    await packAll(place, LATER)

    expect(new Set((await packedLines(place)).map(({ vendortype }) => vendortype))).toEqual(
      new Set(['changed']),
    )
    expect(await count('packed_events')).toBe(entries)
    expect(await books(place)).toEqual(ledger)
    expect(await errors(place)).toEqual([])
    expect(await count('pack_garbage')).toBe(name === 'D1' ? 0 : 2)
  })

  it('leaves an event out that was replayed since, until it is settled', async () => {
    await aLog(1)
    await packAll(place, LATER)
    const lines = await packedLines(place)
    const id = lines.find(({ deliveries }) => deliveries.length > 0)?.id as EventId
    await restoreEvents(place, [id])
    await restartDeliveries(env.DB, id, { targets: ['good'], now: LATER })

    await packAll(place, LATER)

    expect((await hotLines()).map((line) => line.id)).toContain(id)
    expect((await allLines(place)).get(id)?.deliveries[0]?.state).toBe('retrying')
    expect(await errors(place)).toEqual([])
  })
})

describe.each([
  ['D1', d1],
  ['R2', r2],
])('a run that packs in %s', (_, place) => {
  it.each(['before', 'after'] as const)(
    'may be cut %s any of its calls: nothing is lost or counted twice, and the next run ends it',
    async (at) => {
      await aLog(1, 2)
      await rollAll(LATER)
      const [before, ledger] = [await allLines(place), await books(place)]
      const unpacked = (await hotLines()).length
      let isCut = true
      for (let n = 1; isCut; n++) {
        isCut = false
        const cut = faulty(place, (call, when) => {
          if (call < n || (call === n && when === 'before' && at === 'after')) return
          isCut = true
          throw new Error('D1_ERROR: Network connection lost.')
        })
        await packAll(cut, LATER + n * 60_000).catch(() => undefined)

        expect(await allLines(place), `after ${n} calls`).toEqual(before)
        expect(await books(place), `after ${n} calls`).toEqual(ledger)
        expect(await errors(place), `after ${n} calls`).toEqual([])
        await packAll(place, LATER + n * 60_000)
        expect(await hotLines(), `after ${n} calls`).toHaveLength(1)
        expect(await errors(place)).toEqual([])
        const ids = (await packedLines(place)).map(({ id }) => id)
        await restoreEvents(place, ids)
        expect(await hotLines()).toHaveLength(unpacked)
        expect(n).toBeLessThan(60)
      }

      await packAll(place, LATER + 40 * DAY)
      await pack(place, { hotDays: 0 }, toolsAt(LATER + 40 * DAY + 2 * HOUR))
      expect(await count('pack_garbage WHERE since < 1')).toBe(0)
      const versions = await count('packs')
      expect(await count('pack_parts')).toBe(place === d1 ? versions : 0)
    },
    120_000,
  )

  it('keeps the rows of a pack that is not as it was written', async () => {
    await aLog(1)
    await rollAll(LATER)
    const hot = await hotLines()
    const damaged = {
      ...place,
      DB: new Proxy(env.DB, {
        get: (db, name) =>
          name === 'prepare'
            ? (sql: string) =>
                db.prepare(
                  sql.replace(
                    'bytes) VALUES (?1, ?2, ?3, ?4)',
                    'bytes) VALUES (?1, ?2, ?3, zeroblob(length(?4)))',
                  ),
                )
            : (db[name as 'batch'] as (...all: unknown[]) => unknown).bind(db),
      }),
      ...(place.ARCHIVE && {
        ARCHIVE: {
          put: (name: string, bytes: Uint8Array) =>
            r2.ARCHIVE?.put(
              name,
              bytes.map(() => 0),
            ),
          get: (name: string, options: R2GetOptions) => r2.ARCHIVE?.get(name, options),
        } as unknown as R2Bucket,
      }),
    }

    await expect(packAll(damaged, LATER)).rejects.toThrow('a pack is not as it was written')

    expect(await hotLines()).toEqual(hot)
    expect(await count('packs')).toBe(0)
    expect(await count('pack_garbage')).toBe(1)
    await packAll(place, LATER)
    expect(await errors(place)).toEqual([])
    expect(await count('packs')).toBe(1)
  })

  it('leaves what changes meanwhile in its rows', async () => {
    await aLog(1)
    await rollAll(LATER)
    const ledger = await books(place)
    const [first] = (await hotLines()).filter(({ deliveries }) => deliveries.length > 0)
    const id = first?.id as EventId
    let reads = 0
    const busy = faulty(place, (_, when, call) => {
      // Rows are read by the second batch: then somebody replays one of them.
      if (call !== 'DB.batch' || when !== 'after') return
      reads++
    })
    const replaying = {
      ...busy,
      DB: {
        prepare: (sql: string) => busy.DB.prepare(sql),
        batch: async (all: D1PreparedStatement[]) => {
          if (reads === 2) await restartDeliveries(env.DB, id, { targets: ['good'], now: LATER })
          return busy.DB.batch(all)
        },
      } as unknown as D1Database,
    }
    await rollAll(LATER)

    await pack(replaying, { hotDays: 0 }, toolsAt(LATER))

    expect(reads).toBeGreaterThan(2)
    const line = (await allLines(place)).get(id)
    expect(line?.deliveries.find(({ target }) => target === 'good')?.state).toBe('retrying')
    expect(await errors(place)).toEqual([])
    expect(ledger).not.toEqual(await books(place))
    expect(await count('events')).toBeGreaterThan(1)
  })
})

describe('a pack in R2', () => {
  it('is not touched while no bucket is bound, and what needs it says so', async () => {
    await aLog(1)
    await packAll(r2, LATER)
    const [line] = await packedLines(r2)
    const id = line?.id as EventId

    await expect(readPacked(d1, [id])).rejects.toThrow('bind it as ARCHIVE again')
    await expect(restoreEvents(d1, [id])).rejects.toThrow('bind it as ARCHIVE again')
    expect(await errors(d1)).toEqual([
      expect.stringMatching(
        /^the pack of .* cannot be read: a pack is in R2, but no bucket is bound/,
      ),
    ])
    await packAll(d1, LATER + 40 * DAY)

    expect(await count("packs WHERE place = 'r2'")).toBe(1)
    expect(await readPacked(r2, [id])).toEqual(new Map([[id, line]]))
    expect(await errors(r2)).toEqual([])
  })
})

describe('the ledger of a part of an hour', () => {
  it('counts what of its pack is in it', async () => {
    await aLog(1)
    await rollAll(LATER)
    const [early, late] = [
      { since: EVER.since, until: NOW + 1 },
      { since: NOW + 1, until: EVER.until },
    ]
    const before = [await linesOfLedger(early), await linesOfLedger(late)]

    await packAll(d1, LATER)

    expect(before[1]).toEqual(['source relay accepted 2', 'target good delivered 2'])
    expect(await hotLines()).toHaveLength(1)
    expect([await linesOfLedger(early), await linesOfLedger(late)]).toEqual(before)
  })
})

describe('the job', () => {
  it('waits for HOT_DAYS and for the end of a segment', async () => {
    await aLog(1)
    await packAll(d1, NOW + 7 * DAY + HOUR - 1, 7)
    expect(await count('packs')).toBe(0)
    await packAll(d1, NOW + 7 * DAY + HOUR, 7)
    expect(await count('packs')).toBe(1)
  })

  it('leaves what is dead or cancelled hot for 30 days', async () => {
    await aLog(1)
    const dead = () => count("deliveries WHERE state = 'dead'")
    await packAll(d1, NOW + 30 * DAY, 7)
    expect(await dead()).toBeGreaterThan(0)
    await packAll(d1, NOW + 31 * DAY, 7)
    expect(await dead()).toBe(0)
    expect(await count("events WHERE status <> 'quarantined'")).toBe(0)
  })

  it('works within the 50 statements of the free plan, in some runs', async () => {
    await aLog(3)
    await rollAll(LATER)
    const [before, ledger] = [await allLines(d1), await books()]
    let runs = 0
    for (; (await count('packs')) < 3 || (await count('segments WHERE counted > 1')) > 0; runs++) {
      const job = () => pack(d1, { hotDays: 0 }, toolsAt(LATER + runs * 60_000))
      const error = await anInvocation(job, 'free').catch((error) => error)
      if (error) expect(isOutOfStatements(error)).toBe(true)
      expect(await books()).toEqual(ledger)
      expect(runs).toBeLessThan(10)
    }
    expect(runs).toBeGreaterThan(1)
    expect(await allLines(d1)).toEqual(before)
    expect(await hotLines()).toHaveLength(3)
    expect(await errors()).toEqual([])
  })

  it('looks once a day at what was left', async () => {
    await aLog(1)
    await rollAll(LATER)
    const run = (now: number) => pack(d1, { hotDays: 7 }, toolsAt(now))
    const hot = () => count("events WHERE status = 'accepted'")
    await env.DB.prepare("UPDATE deliveries SET state = 'held' WHERE target = 'good'").run()
    const all = await hot()
    await run(LATER)
    expect(await hot()).toBe(all)
    await env.DB.prepare("UPDATE deliveries SET state = 'delivered' WHERE target = 'good'").run()
    await run(LATER + HOUR)
    expect(await hot()).toBe(all)
    await run(LATER + DAY)
    expect(await hot()).toBeLessThan(all)
  })
})
