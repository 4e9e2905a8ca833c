// A full database loses nothing, and heals when space is made: retention works although not one page is left.

import { expect, it } from 'vitest'
import { parseConfig } from '../../src/config.ts'
import type { DeliveryMessage } from '../../src/core/deliveries/delivery.ts'
import type { Tools } from '../../src/env.ts'
import { accept } from '../../src/stages/intake/accept.ts'
import { spill } from '../../src/stages/intake/spill.ts'
import { prune } from '../../src/stages/ledger/prune.ts'
import { noteRun } from '../../src/stages/ledger/relay-state.ts'
import { rollUp } from '../../src/stages/ledger/rollup.ts'
import { readStatus } from '../../src/stages/operate/attention.ts'
import { timeOfKey } from '../../src/store/segments.ts'
import { aDatabase, limitTo, sizeOf } from './sqlite-d1.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const QUARTER = HOUR / 4
const START = Date.parse('2026-11-21T00:00:00Z')

/** A relay without targets, whose database has room for some hundred events. */
function aSmallRelay(vars: Record<string, unknown>) {
  const { sqlite, DB } = aDatabase()
  sqlite.exec('CREATE TABLE padding (id INTEGER PRIMARY KEY, content BLOB)')
  const databaseBytes = limitTo(sqlite, 600)
  const SOURCES = [{ name: 'hype', vendor: 'hype', secret: 'HYPE_SECRET' }]
  const config = { ...parseConfig({ SOURCES, ...vars }, () => 'hype secret'), databaseBytes }
  let now = START
  const lines: Record<string, unknown>[] = []
  const spilled: Uint8Array[] = []
  const queue = { send: async () => undefined, sendBatch: async () => undefined }
  const metrics = async () => ({ backlogCount: spilled.length })
  const env = {
    DB,
    DELIVERIES: queue as unknown as Queue<DeliveryMessage>,
    SPILL: {
      metrics,
      send: async (body: Uint8Array) => spilled.push(body),
    } as unknown as Queue<Uint8Array>,
  }
  const tools: Tools = {
    now: () => now,
    random: () => Math.random(),
    log: (line) => lines.push(line),
    fetch: () => Promise.reject(new Error('nothing is sent here')),
    waitUntil: () => undefined,
  }
  let sent = 0
  return {
    sqlite,
    lines,
    spilled,
    size: () => sizeOf(sqlite) / databaseBytes,
    attention: async () => (await readStatus(env, config, tools)).attention,
    advance: (ms: number) => {
      now += ms
    },
    /** A payment of a new contact. Returns its status. */
    send: async () => {
      const id = `contact-${sent++}`
      const notes = 'a note '.repeat(400)
      const body = {
        id,
        publisher_id: 'publisher',
        email: `${id}@example.com`,
        type: 'payment.created',
        source: 'user',
        data: { tier: 'Gold', total: 100, notes },
        version: '1.1.0',
        timestamp: Math.floor(now / 1000),
      }
      const request = new Request('https://relay.example/in/hype?key=hype%20secret', {
        method: 'POST',
        body: JSON.stringify(body),
      })
      const result = await accept(env, config, 'hype', request, tools)
      return result.ok ? result.value.receipts[0]?.status : result.error.kind
    },
    count: async () => DB.prepare('SELECT count(*) AS n FROM events').first<number>('n'),
    cron: async () => {
      await rollUp(env, tools).catch(() => undefined)
      await prune(env, config, tools)
      await noteRun(env, config, tools)
    },
    consumeSpill: async () => {
      const bodies = spilled.splice(0)
      const messages = bodies.map((body) => ({
        body: body.slice().buffer,
        timestamp: new Date(now),
        attempts: 1,
        ack: () => undefined,
        retry: () => spilled.push(body),
      }))
      for (const message of messages) {
        await spill(env, config, [message as unknown as Message<ArrayBuffer>], tools)
      }
    },
  }
}

/** Sends an event each quarter of an hour, without a cron, until some of them had to be spilled. Returns how many were accepted. */
async function fill(relay: ReturnType<typeof aSmallRelay>): Promise<number> {
  let accepted = 0
  while (relay.spilled.length < 5) {
    const status = await relay.send()
    expect(['accepted', 'queued']).toContain(status)
    if (status === 'accepted') accepted++
    relay.advance(QUARTER)
  }
  // Not one page is left.
  const pad = relay.sqlite.prepare('INSERT INTO padding (content) VALUES (zeroblob(?))')
  for (const bytes of [3000, 30]) {
    expect(() => {
      for (;;) pad.run(bytes)
    }).toThrow('full')
  }
  return accepted
}

it('deletes received bytes early, only as old as settings allow, and records what was spilled', async () => {
  const relay = aSmallRelay({ RAW_RETENTION_DAYS: 90, RAW_RETENTION_MIN_DAYS: 2 })
  const accepted = await fill(relay)
  expect(relay.size()).toBeGreaterThan(0.97)
  expect((await relay.attention()).map(({ cause }) => cause)).toEqual(
    expect.arrayContaining(['database_full', 'spill_waiting']),
  )

  for (let minute = 0; minute < 5; minute++) await relay.cron()
  await relay.consumeSpill()

  expect(relay.spilled).toEqual([])
  expect(await relay.count()).toBe(accepted + 5)
  expect(await relay.send()).toBe('accepted')
  expect(relay.lines).toContainEqual(
    expect.objectContaining({ at: 'prune', short_of_space: true, days: 2 }),
  )
  const { oldest } = relay.sqlite
    .prepare(`SELECT ${timeOfKey('min(key)')} AS oldest FROM events WHERE octet_length(raw) > 0`)
    .get() as { oldest: number }
  const last = START + (accepted + 4) * QUARTER
  expect(last - oldest).toBeGreaterThan(2 * DAY - 2 * HOUR)
  expect(last - oldest).toBeLessThan(2 * DAY + 2 * HOUR)
})

it('deletes events past their retention although their counts are not written yet', async () => {
  const relay = aSmallRelay({ RETENTION_DAYS: 2, RAW_RETENTION_DAYS: 2 })
  await fill(relay)
  // Everything is as full as it can be: no byte of it is older than its retention alone.
  relay.sqlite.exec('UPDATE pruned SET raws = 1 << 62')
  const before = (await relay.count()) ?? 0

  for (let minute = 0; minute < 5; minute++) await relay.cron()
  await relay.consumeSpill()

  expect(await relay.count()).toBeLessThan(before)
  expect(relay.spilled).toEqual([])
  expect(await relay.send()).toBe('accepted')
})
