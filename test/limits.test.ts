// Tests run under production's limits, which the local runtime does not enforce.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { anInvocation } from './invocation.ts'
import { checkMessages, D1_LIMITS, limitDatabase, limitQueue, statementsOf } from './limits.ts'

const LARGE = 'x'.repeat(D1_LIMITS.value + 1)
const DATABASES: [string, () => D1Database][] = [
  ['the runtime', () => env.DB],
  ['the wrapper', () => limitDatabase(env.DB)],
]

describe.each(DATABASES)('the database of %s', (_name, database) => {
  const db = database()
  const REFUSED: [string, () => Promise<unknown>, RegExp][] = [
    [
      'a parameter of more than 2 MB',
      () => db.prepare('SELECT ?1 IS NULL').bind(LARGE).all(),
      /too big/,
    ],
    [
      'a row of more than 2 MB',
      () =>
        db
          .prepare("INSERT INTO idempotency VALUES (?1, ?2, 'x', ?3)")
          .bind(LARGE.slice(1), 'xx', 1)
          .run(),
      /too big/,
    ],
    [
      'a value that a statement makes so large',
      () => db.prepare('SELECT ?1 || ?2 AS text').bind(LARGE.slice(1), 'x').first(),
      /too big/,
    ],
    [
      'more than 100 parameters',
      () =>
        db
          .prepare('SELECT 1')
          .bind(...Array.from({ length: 101 }, () => 1))
          .all(),
      /too many SQL variables/,
    ],
    [
      'more than 100 KB of SQL',
      () => db.prepare(`SELECT '${'x'.repeat(100_000)}'`).all(),
      /too long/,
    ],
    ['a batch with one of them', () => db.batch([db.prepare('SELECT ?1').bind(LARGE)]), /too big/],
  ]

  it.each(REFUSED)('refuses %s', async (_what, statement, error) => {
    await expect(statement()).rejects.toThrow(error)
  })

  it('takes and returns what is within the limits', async () => {
    expect(await db.prepare('SELECT ?1 AS text').bind('ä').first('text')).toBe('ä')
    expect((await db.batch([db.prepare('SELECT 1 AS one')]))[0]?.results).toEqual([{ one: 1 }])
  })
})

describe('an invocation', () => {
  it('has 50 statements on the free plan, those of batches included', async () => {
    const one = env.DB.prepare('SELECT 1')
    const work = async () => {
      await env.DB.batch(Array.from({ length: 49 }, () => one))
      await one.first()
    }

    await anInvocation(work, 'free')
    await expect(
      anInvocation(async () => {
        await work()
        await one.all()
      }, 'free'),
    ).rejects.toThrow('Too many API requests')
    await anInvocation(work, 'free')
  })

  it('has 1,000 statements on the paid plan', () => {
    const statements = statementsOf('paid')

    statements.add(1000)
    expect(() => statements.add(1)).toThrow('Too many API requests')
  })
})

describe('a queue', () => {
  const message = { body: { event: 'evt_1' } }
  const REFUSED: [string, Parameters<typeof checkMessages>[0], RegExp][] = [
    ['a message of more than 128,000 bytes', [{ body: 'x'.repeat(127_900) }], /message length/],
    ['more than 100 messages', Array.from({ length: 101 }, () => message), /message count/],
    [
      'more than 256,000 bytes',
      Array.from({ length: 3 }, () => ({ body: 'x'.repeat(90_000) })),
      /batch size/,
    ],
    ['a delay of more than a day', [{ ...message, delaySeconds: 86_401 }], /delaySeconds/],
    ['a delay that is no number', [{ ...message, delaySeconds: Number.NaN }], /delaySeconds/],
  ]

  it.each(REFUSED)('refuses %s', async (_what, messages, error) => {
    const queue = limitQueue({ sendBatch: async () => undefined } as unknown as Queue)

    await expect(queue.sendBatch(messages as MessageSendRequest[])).rejects.toThrow(error)
    expect(() => checkMessages([message])).not.toThrow()
  })

  it('of the runtime refuses what production refuses', async () => {
    await expect(env.SPILL.send(new Uint8Array(127_901))).rejects.toThrow(/message length/)
  })
})
