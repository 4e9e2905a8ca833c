// An export has every event once, from rows and packs, and an import of its lines gives the same log.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { type EventId, keyOfId } from '../../../src/core/id.ts'
import {
  EXPORTED_PARTS,
  type ExportedPart,
  IMPORTED,
} from '../../../src/core/ledger/export-lines.ts'
import { type PackLine, readLine, writeLine } from '../../../src/core/ledger/pack-line.ts'
import { splitPerson } from '../../../src/stages/operate/people.ts'
import { getEvent } from '../../../src/store/events/events.ts'
import { gzip } from '../../../src/store/events/packs/gzip.ts'
import { exportLines } from '../../../src/store/ledger/export.ts'
import { beginImport, importLines } from '../../../src/store/ledger/import.ts'
import { listDifferences } from '../../../src/store/ledger/verify.ts'
import { aConfig, aMail, aPayment, aQueue, NOW, stored, toolsAt } from '../../builders.ts'
import { empty, LOG_TABLES } from '../../database.ts'

const config = aConfig({ name: 'crm' }, { name: 'finance', events: ['payment.*'] })
const EVER = { since: 0, until: NOW + 1e9 }
const FILE = 'f'.repeat(64)
const TABLES = [...LOG_TABLES, 'imports', 'drift', 'packs', 'pack_parts', 'merged_people']

beforeEach(() => empty(...TABLES))

/** All lines of a part, call by call. */
async function exported(part: ExportedPart, period = EVER): Promise<string[]> {
  const all: string[] = []
  let after: string | undefined
  for (;;) {
    const lines: string[] = []
    for await (const line of exportLines(env, { part, after, ...period })) lines.push(line)
    const { next } = JSON.parse(lines.pop() ?? '') as { next: string | null }
    all.push(...lines)
    if (next === null) return all
    after = next
  }
}

async function everything(): Promise<object[]> {
  const parts = await Promise.all(EXPORTED_PARTS.map((part) => exported(part)))
  return parts.flat().map((line) => JSON.parse(line))
}

/** Imports lines, some at a time. */
async function importAll(lines: object[], { delivers = false, size = 7 } = {}): Promise<void> {
  const begun = await beginImport(env.DB, { file: FILE, lines: lines.length, delivers }, NOW)
  if (!begun.ok) throw new Error(begun.error)
  for (let from = begun.value.position; from < lines.length; from += size) {
    const part = { file: FILE, from, lines: lines.slice(from, from + size) }
    expect(await importLines(env.DB, part, NOW)).toMatchObject({ ok: true })
  }
}

async function aLog(events: number): Promise<EventId[]> {
  const ids: EventId[] = []
  for (let i = 0; i < events; i++) {
    const payment = aPayment({ id: `c${i % 9}`, timestamp: 1_780_000_000 + 600 * i })
    ids.push(await stored(config, 'hype', payment, { now: NOW + 1000 * i }))
  }
  return ids
}

/** Moves events out of their rows into a pack of D1, in blocks of two lines. */
async function packed(ids: readonly EventId[]): Promise<void> {
  const lines = (await exported('events')).filter((line) => ids.includes(readLine(line).id))
  const blocks: [string, number, number][] = []
  const members: Uint8Array[] = []
  for (let i = 0; i < lines.length; i += 2) {
    const bytes = await gzip(lines.slice(i, i + 2).join(''))
    const offset = members.reduce((sum, { length }) => sum + length, 0)
    blocks.push([readLine(lines[i] as string).id, offset, bytes.length])
    members.push(bytes)
  }
  const bytes = new Uint8Array(await new Blob(members as never).arrayBuffer())
  const start = NOW - (NOW % 3_600_000)
  await env.DB.batch([
    env.DB.prepare(
      `INSERT INTO packs (start, until, version, place, events, bytes, has_raw, parts, blocks, states)
       VALUES (?1, ?1 + 3600000, 1, 'd1', ?2, ?3, 1, ?4, ?5, '{}')`,
    ).bind(
      start,
      lines.length,
      bytes.length,
      JSON.stringify([[bytes.length, '']]),
      JSON.stringify(blocks),
    ),
    env.DB.prepare(
      'INSERT INTO pack_parts (start, version, part, bytes) VALUES (?1, 1, 0, ?2)',
    ).bind(start, bytes),
    ...ids.flatMap((id) => [
      env.DB.prepare('DELETE FROM deliveries WHERE event = CAST(?1 AS INTEGER)').bind(keyOfId(id)),
      env.DB.prepare('DELETE FROM events WHERE key = CAST(?1 AS INTEGER)').bind(keyOfId(id)),
    ]),
  ])
}

describe('an export', () => {
  it('has every event of the period once, in the order of receipt, whatever is packed', async () => {
    const ids = await aLog(130)
    const before = await exported('events')
    await packed(ids.filter((_, i) => i % 3 === 0 && i > 5))

    const after = await exported('events')

    expect(before.map((line) => readLine(line).id)).toEqual(ids)
    expect(after).toEqual(before)
    const period = { since: NOW + 10_000, until: NOW + 20_000 }
    expect((await exported('events', period)).map((line) => readLine(line).id)).toEqual(
      ids.slice(10, 20),
    )
  })

  it('has the row of an event that is also in a pack', async () => {
    const [id, other] = await aLog(2)
    await packed([id as EventId, other as EventId])
    const lines = await exported('events')
    await stored(config, 'hype', aPayment(), { now: NOW + 5000 })
    const own = readLine(lines[0] as string)
    const changed = { ...own, dismissed: 'changed since' } as PackLine
    await beginImport(env.DB, { file: FILE, lines: 1, delivers: false }, NOW)
    await env.DB.prepare(
      `INSERT INTO imports (id, file, lines, position, delivers, begun) VALUES (1, '${FILE}', 1, 0, 1, 0)`,
    ).run()
    await importLines(env.DB, { file: FILE, from: 0, lines: [changed] }, NOW)

    const after = await exported('events')

    expect(after).toHaveLength(3)
    expect(readLine(after[0] as string)).toMatchObject({ id, dismissed: 'changed since' })
    expect(after[1]).toBe(lines[1])
  })
})

describe('a mail of 800 KB', () => {
  const asking = aConfig(
    { name: 'crm', include: ['message_body'] },
    { name: 'bytes', format: 'raw' },
  )

  it.each([
    ['R2', { archive: env.ARCHIVE as R2Bucket }],
    ['D1', {}],
  ])('is exported whole from %s, and is the same after the import', async (_, bound) => {
    const mail = aMail(800_000)
    const id = await stored(asking, 'hapana', mail, bound)
    expect(await env.DB.prepare('SELECT count(*) AS n FROM bodies').first('n')).toBe(1)
    const before = await getEvent(env, id)
    const lines = await everything()
    const line = lines.find((one) => (one as PackLine).id === id) as PackLine
    expect(line.raw).toBe(JSON.stringify(mail))
    expect(line.event).toMatchObject({ data: { message: { body: mail.message } } })
    await empty(...TABLES)

    await importAll(lines, { delivers: true, size: 2 })

    const after = await getEvent(env, id)
    expect({ ...after, deliveries: [] }).toEqual({ ...before, deliveries: [] })
    expect(after?.deliveries.map(({ state }) => state)).toEqual(['pending', 'pending'])
    const again = (await exported('events')).map(readLine)
    expect(again.find((one) => one.id === id)).toMatchObject({ raw: line.raw, event: line.event })
  })

  it('that cannot be read now stops the export, and says why', async () => {
    await stored(asking, 'hapana', aMail(800_000), { archive: env.ARCHIVE as R2Bucket })

    const lines = exportLines({ DB: env.DB }, { part: 'events', after: undefined, ...EVER })

    await expect(lines.next()).rejects.toThrow('ARCHIVE is not bound')
  })
})

describe('an import', () => {
  it('gives the same log, people and ids, and the ledger verifies', async () => {
    const ids = await aLog(30)
    await packed(ids.slice(3, 9))
    await env.DB.prepare(`UPDATE deliveries SET state = 'delivered', due = NULL`).run()
    const person = await env.DB.prepare('SELECT person FROM contacts LIMIT 1').first('person')
    await env.DB.prepare('UPDATE contacts SET person = ?1 WHERE contact = ?2')
      .bind(person, 'c1')
      .run()
    await splitPerson(
      { DB: env.DB, RETRIES: aQueue().queue },
      config,
      'per_00000000000',
      { source: 'hype', contact: 'c1' },
      toolsAt(NOW),
    )
    const lines = await everything()
    await empty(...TABLES)

    await importAll(lines)

    const finished = lines.map((line) => {
      const { deliveries, ...event } = line as PackLine
      return deliveries === undefined
        ? line
        : {
            ...event,
            deliveries: deliveries.map(({ due, ...delivery }) =>
              delivery.state === 'pending'
                ? { ...delivery, state: 'cancelled', reason: IMPORTED }
                : { ...delivery, ...(due === undefined ? {} : { due }) },
            ),
          }
    })
    expect(
      (await everything()).map((line) => JSON.stringify(line)).map((text) => JSON.parse(text)),
    ).toEqual(finished)
    const until = NOW + 3_600_000
    expect((await listDifferences(env, { since: NOW - 1, until })).differences).toEqual([])
  })

  it('goes on where it was, and imports nothing twice', async () => {
    await aLog(10)
    const lines = await everything()
    await empty(...TABLES)
    await beginImport(env.DB, { file: FILE, lines: lines.length, delivers: false }, NOW)
    const part = { file: FILE, from: 0, lines: lines.slice(0, 4) }
    await importLines(env.DB, part, NOW)

    expect(await importLines(env.DB, part, NOW)).toEqual({ ok: true, value: 4 })
    expect(await importLines(env.DB, { ...part, from: 6 }, NOW)).toMatchObject({
      error: 'not_next',
    })
    expect(await importLines(env.DB, { ...part, file: 'a'.repeat(64) }, NOW)).toMatchObject({
      error: 'not_begun',
    })
    await importAll(lines)

    expect(await exported('events')).toHaveLength(10)
  })

  it('writes nothing of a part with a line that cannot be stored', async () => {
    const [id] = await aLog(2)
    const lines = await everything()
    await empty(...TABLES)
    await beginImport(env.DB, { file: FILE, lines: lines.length, delivers: false }, NOW)
    const bad = { ...(lines[1] as PackLine), source: null }

    const result = await importLines(
      env.DB,
      { file: FILE, from: 0, lines: [lines[0] as object, bad] },
      NOW,
    )

    expect(result).toMatchObject({
      ok: false,
      error: { line: 0, reason: expect.stringContaining('NOT NULL') },
    })
    expect(await exported('events')).toEqual([])
    const nonsense = { file: FILE, from: 0, lines: [lines[0] as object, { nonsense: id }] }
    expect(await importLines(env.DB, nonsense, NOW)).toMatchObject({ error: { line: 1 } })
  })

  it('sends what was not finished only when it is asked to', async () => {
    await aLog(1)
    await env.DB.prepare(
      `UPDATE deliveries SET state = 'held', reason = 'paused', attempt = 4 WHERE target = 'crm'`,
    ).run()
    const lines = await everything()
    const states = async () =>
      (
        await env.DB.prepare(
          'SELECT target, state, reason, attempt, first, due FROM deliveries ORDER BY target',
        ).all()
      ).results

    await empty(...TABLES)
    await importAll(lines)
    expect(await states()).toMatchObject([
      { target: 'crm', state: 'cancelled', reason: IMPORTED, due: null },
      { target: 'finance', state: 'cancelled', reason: IMPORTED, due: null },
    ])

    await empty(...TABLES)
    await importAll(lines, { delivers: true })
    expect(await states()).toMatchObject([
      { target: 'crm', state: 'retrying', reason: null, attempt: 4, first: 4, due: NOW },
      { target: 'finance', state: 'pending', reason: null, attempt: 1, first: 1, due: NOW },
    ])
  })

  it('is refused by a relay that has received events, and with another file or mode than it was begun with', async () => {
    await aLog(1)
    const begin = { file: FILE, lines: 1, delivers: false }
    expect(await beginImport(env.DB, begin, NOW)).toMatchObject({ error: 'not_fresh' })

    await empty(...TABLES)
    expect(await beginImport(env.DB, begin, NOW)).toMatchObject({ ok: true })
    expect(await beginImport(env.DB, { ...begin, file: 'a'.repeat(64) }, NOW)).toMatchObject({
      error: 'other_import',
    })
    expect(await beginImport(env.DB, { ...begin, delivers: true }, NOW)).toMatchObject({
      error: 'other_mode',
    })
  })

  it('splits large rows over parameters, each within the limit of D1', async () => {
    const lines = Array.from({ length: 9 }, (_, n) => ({
      row: 'drift',
      values: {
        source: 'hype',
        vendor_type: `type-${n}`,
        messages: 1,
        first_seen: NOW,
        last_seen: NOW,
        keys: JSON.stringify(['ä'.repeat(250_000)]),
      },
    }))

    await importAll(lines, { size: 9 })

    expect(await exported('drift')).toEqual(lines.map((line) => `${JSON.stringify(line)}\n`))
  })

  it('keeps each character of a line', async () => {
    const [id] = await aLog(1)
    await env.DB.prepare('UPDATE events SET raw = ?1, event_name = ?2')
      .bind('"\u2028\u0000é😀\ud800', '{"a":1e400}')
      .run()
    const lines = await exported('events')
    const read = JSON.parse(lines[0] as string) as object
    expect(writeLine(read as PackLine)).toBe(lines[0])
    await empty(...TABLES)

    await importAll([read])

    const [again] = await exported('events')
    expect(JSON.parse(again as string)).toMatchObject({ id, raw: (read as PackLine).raw })
  })
})
