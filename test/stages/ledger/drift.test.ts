// Schema drift of a real log: each message is counted once, also when a run fails; no values are kept; and the price.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { findingsOf } from '../../../src/core/ledger/drift.ts'
import { updateDriftReports } from '../../../src/stages/ledger/drift.ts'
import { listDriftReports } from '../../../src/store/ledger/drift.ts'
import {
  aConfig,
  aPayment,
  aQueue,
  aStatusChange,
  NOW,
  stored,
  take,
  toolsAt,
} from '../../builders.ts'
import { aMeteredDatabase } from '../../database.ts'
import { clearPacks, PLACES, packAll } from '../../packs.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const config = aConfig({ name: 'crm' })

beforeEach(async () => {
  await env.DB.batch(
    [
      ...['targets', 'deliveries', 'events', 'segments', 'drift'].map(
        (name) => `DELETE FROM ${name}`,
      ),
      'UPDATE drift_read SET event = 0',
    ].map((sql) => env.DB.prepare(sql)),
  )
})

const update = (now = NOW + 3 * MINUTE, db: D1Database = env.DB) =>
  updateDriftReports({ DB: db }, toolsAt(now))

/** The drift reports in lines: how many messages each has counted. */
async function countedMessages() {
  const reports = await listDriftReports(env.DB, {})
  return reports.map(
    ({ source, type, report }) => `${source} ${type || '(none)'} ${report.messages}`,
  )
}

/** The database with a function that runs before the batch that writes, and one that runs after it: another one reads before. */
function aDatabase({ before = async () => {}, after = async () => {} }): D1Database {
  let batches = 0
  return {
    prepare: (sql: string) => env.DB.prepare(sql),
    batch: async (statements: D1PreparedStatement[]) => {
      const isWrite = ++batches === 2
      if (isWrite) await before()
      const results = await env.DB.batch(statements)
      if (isWrite) await after()
      return results
    },
  } as unknown as D1Database
}
const fail = async () => {
  throw new Error('D1 is unavailable')
}

describe('drift reports', () => {
  it('count each message under its source and the vendor’s type', async () => {
    await stored(config, 'hype', aPayment())
    await stored(config, 'hype', aPayment({ type: 'contact.created' }))
    await stored(config, 'hapana', [aStatusChange(), aStatusChange(), aStatusChange()])

    await update()

    expect(await countedMessages()).toEqual([
      'hapana clientStatusChange 3',
      'hype contact.created 1',
      'hype payment.created 1',
    ])
    const [status] = await listDriftReports(env.DB, { source: 'hapana' })
    expect(status?.report).toMatchObject({ first: NOW, last: NOW })
    expect([...(status?.report.keys.keys() ?? [])].sort()).toEqual([
      'clientID',
      'eventType',
      'siteID',
      'status',
    ])
  })

  it('count quarantined messages, of known and unknown types', async () => {
    await stored(config, 'hype', { type: 'payment.created', somebody: 1 })
    await stored(config, 'hype', { type: 'payment.frozen', id: 'c', email: 'a@example.com' })
    await stored(config, 'hype', { nothing: 'known' })

    await update()

    expect(await countedMessages()).toEqual([
      'hype (none) 1',
      'hype payment.created 1',
      'hype payment.frozen 1',
    ])
  })

  it('skip repeats, tests, system events, and bytes that are not text', async () => {
    const payment = aPayment()
    await stored(config, 'hype', payment)
    await stored(config, 'hype', payment)
    await stored(config, 'hype', aPayment({ email: 'support@trypico.com' }))
    await stored(
      config,
      'hype',
      new Uint8Array([...new TextEncoder().encode('{"a":"'), 0xff, 0x22, 0x7d]),
    )
    const own = await stored(config, 'hapana', aStatusChange())
    await env.DB.prepare(`UPDATE events SET source = 'relay' WHERE source = 'hapana'`).run()
    expect(own).toMatch(/^evt_/)

    await update()

    expect(await countedMessages()).toEqual(['hype payment.created 1'])
  })

  it('skip messages whose bytes retention has deleted', async () => {
    await stored(config, 'hype', aPayment())
    await env.DB.prepare('UPDATE events SET raw = NULL').run()
    await stored(config, 'hype', aPayment())

    await update()

    expect(await countedMessages()).toEqual(['hype payment.created 1'])
  })

  it('leave the messages of the last two minutes to the next run', async () => {
    await stored(config, 'hype', aPayment(), { now: NOW })
    await stored(config, 'hype', aPayment(), { now: NOW + 2 * MINUTE })

    await update(NOW + 2 * MINUTE)
    expect(await countedMessages()).toEqual([])
    await update(NOW + 2 * MINUTE + 1)
    expect(await countedMessages()).toEqual(['hype payment.created 1'])
    await update(NOW + 4 * MINUTE + 1)
    expect(await countedMessages()).toEqual(['hype payment.created 2'])
  })

  it('find new, vanished and changed keys over days', async () => {
    const data = { tier: 'Gold', total: 100 }
    const days = async (from: number, count: number, own: object) => {
      for (let i = 0; i < count; i++) {
        await stored(config, 'hype', aPayment({ data: own }), {
          now: NOW + from * DAY + i * MINUTE,
        })
      }
      await update(NOW + from * DAY + DAY)
    }
    await days(0, 20, data)
    await days(2, 20, { total: '100', tax: { rate: 10 } })

    const [payment] = await listDriftReports(env.DB, { type: 'payment.created' })
    const findings = payment ? findingsOf(payment.report, 0) : []
    expect(findings.map(({ finding, path }) => `${finding} ${path}`)).toEqual([
      'vanished data.tier',
      'new data.tax',
      'new data.tax.rate',
      'changed data.total',
    ])
  })

  it('include the messages that were in the log before the first run', async () => {
    for (let day = 3; day > 0; day--) {
      await stored(config, 'hype', aPayment(), { now: NOW - day * DAY })
    }

    await update()

    const [drift] = await listDriftReports(env.DB, {})
    expect(drift?.report).toMatchObject({ messages: 3, first: NOW - 3 * DAY, last: NOW - DAY })
  })
})

describe('a long log', () => {
  const many = async (count: number, over: (i: number) => Record<string, unknown> = () => ({})) => {
    for (let i = 0; i < count; i += 100) {
      const batch = Array.from({ length: Math.min(100, count - i) }, (_, n) =>
        aPayment(over(i + n)),
      )
      await take(config, 'hype', batch, { now: NOW + i, queue: aQueue().queue })
    }
  }

  it('is read 500 events at a time', async () => {
    await many(600)

    await update()
    expect(await countedMessages()).toEqual(['hype payment.created 500'])
    await update()
    expect(await countedMessages()).toEqual(['hype payment.created 600'])
  })

  it('is read only as far as it fits into the memory of a Worker', async () => {
    for (let i = 0; i < 12; i++) {
      await stored(config, 'hype', aPayment({ data: { note: 'x'.repeat(850_000) } }), {
        now: NOW + i,
      })
    }

    await update()
    expect(await countedMessages()).toEqual(['hype payment.created 9'])
    await update()
    expect(await countedMessages()).toEqual(['hype payment.created 12'])
  })

  it('with another type for each message does not fill the table', async () => {
    await many(300, (i) => ({ type: `kind ${i}` }))

    await update()

    const lines = await countedMessages()
    expect(lines).toHaveLength(51)
    expect(lines).toContain('hype * 250')
  })
})

describe('privacy', () => {
  it('keeps no values of a message', async () => {
    const person = {
      clientID: 'QUFFQ0F3UUZCZ2NJQ1FvTERBME9Edz09',
      firstName: 'Ana',
      lastName: 'Silva',
      email: 'ana.silva@example.com',
      phone: '+61400123456',
      birthDate: '1990-02-03',
      gender: 'female',
      address: { street: '1 Beach Road', postcode: '2026' },
      customProperties: { 'Injured Knee': 'left', diet: ['vegan'] },
      'ana.silva@example.com': { '+61400123456': 'home' },
      visits: { '2026-11-20': 1, '0a1b2c3d-1111-4222-8333-444455556666': 2 },
    }
    await stored(config, 'hapana', { eventType: 'clientUpdated', ...person })
    await stored(config, 'hapana', { eventType: 'ana.silva@example.com', ...person })

    await update()

    const { results } = await env.DB.prepare('SELECT * FROM drift').all()
    const kept = JSON.stringify(results)
    expect(results).toHaveLength(2)
    expect(kept).toContain('address.postcode')
    for (const word of [
      ...['QUFF', 'Ana', 'Silva', 'ana.silva', '61400', '1990', 'female', 'Beach', '2026-11-20'],
      ...['Knee', 'left', 'diet', 'vegan', '0a1b2c3d'],
    ]) {
      expect(kept).not.toContain(word)
    }
  })

  it('counts keys that have a meaning in JavaScript', async () => {
    await stored(
      config,
      'hype',
      '{"type":"payment.created","id":"c","__proto__":{"a":1},"constructor":1,"timestamp":1}',
    )

    await update()
    await update()

    const [drift] = await listDriftReports(env.DB, {})
    expect([...(drift?.report.keys.keys() ?? [])]).toEqual(
      expect.arrayContaining(['__proto__', '__proto__.a', 'constructor']),
    )
  })
})

describe('each message is counted once', () => {
  beforeEach(async () => {
    await stored(config, 'hype', aPayment())
    await stored(config, 'hapana', aStatusChange())
  })
  const ONCE = ['hapana clientStatusChange 1', 'hype payment.created 1']

  it('when the run ends between reading and writing', async () => {
    await expect(update(undefined, aDatabase({ before: fail }))).rejects.toThrow(
      'D1 is unavailable',
    )
    expect(await countedMessages()).toEqual([])

    await update()
    expect(await countedMessages()).toEqual(ONCE)
  })

  it('when the write succeeds but reports an error', async () => {
    await expect(update(undefined, aDatabase({ after: fail }))).rejects.toThrow('D1 is unavailable')

    await update()
    expect(await countedMessages()).toEqual(ONCE)
  })

  it('when another run counts the same messages meanwhile', async () => {
    await update(undefined, aDatabase({ before: () => update() }))
    expect(await countedMessages()).toEqual(ONCE)
  })

  it('when another run starts a report meanwhile, with more messages', async () => {
    const other = async () => {
      await stored(config, 'hype', aPayment(), { now: NOW + MINUTE })
      await update(NOW + 4 * MINUTE)
    }

    await update(undefined, aDatabase({ before: other }))
    expect(await countedMessages()).toEqual([
      'hapana clientStatusChange 1',
      'hype payment.created 2',
    ])

    await update(NOW + 5 * MINUTE)
    expect(await countedMessages()).toEqual([
      'hapana clientStatusChange 1',
      'hype payment.created 2',
    ])
  })

  it('when they are packed before they are counted', async () => {
    await clearPacks()
    const later = NOW + 3 * 3_600_000
    await env.DB.batch(
      [
        `UPDATE deliveries SET state = 'delivered', attempt = 2, due = NULL`,
        'UPDATE segments SET counted = 0',
      ].map((sql) => env.DB.prepare(sql)),
    )
    await packAll(PLACES.r2, later)
    expect(await env.DB.prepare('SELECT count(*) AS n FROM events').first('n')).toBe(0)
    await stored(config, 'hype', aPayment(), { now: later })

    for (let run = 0; run < 3; run++) {
      await updateDriftReports(PLACES.r2, toolsAt(later + 5 * MINUTE))
    }

    expect(await countedMessages()).toEqual([
      'hapana clientStatusChange 1',
      'hype payment.created 2',
    ])
    await clearPacks()
  })

  it('when one part of the write fails', async () => {
    let batches = 0
    const broken = {
      prepare: (sql: string) => env.DB.prepare(sql),
      batch: (statements: D1PreparedStatement[]) =>
        ++batches === 1
          ? env.DB.batch(statements)
          : env.DB.batch([
              ...statements.slice(0, 1),
              env.DB.prepare('INSERT INTO drift_read VALUES (NULL)'),
            ]),
    } as unknown as D1Database
    await expect(update(undefined, broken)).rejects.toThrow()

    await update()
    expect(await countedMessages()).toEqual(ONCE)
  })
})

describe('the price of a run', () => {
  async function rowsWritten(now: number): Promise<number[]> {
    const { db, rows } = aMeteredDatabase('rows_written')
    await update(now, db)
    // The first batch reads.
    return rows.slice(1)
  }

  it('is one row for each type that was received, and one for the position', async () => {
    for (let i = 0; i < 30; i++) await stored(config, 'hype', aPayment())
    await stored(config, 'hapana', aStatusChange())
    expect(await rowsWritten(NOW + 3 * MINUTE)).toEqual([3])

    for (let i = 0; i < 30; i++) await stored(config, 'hype', aPayment(), { now: NOW + MINUTE })
    expect(await rowsWritten(NOW + 4 * MINUTE)).toEqual([2])
  })

  it('is one row when there is nothing to count, and none when nothing was received', async () => {
    const payment = aPayment()
    await stored(config, 'hype', payment)
    await update()
    await stored(config, 'hype', payment, { now: NOW + 1000 })

    expect(await rowsWritten(NOW + 4 * MINUTE)).toEqual([1])
    expect(await rowsWritten(NOW + 5 * MINUTE)).toEqual([])
  })
})
