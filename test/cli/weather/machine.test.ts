// The machine of `npm run weather`: it refuses what Cloudflare refuses, and does with messages what Cloudflare does.
import { describe, expect, it } from 'vitest'
import { answering, tinyRelay } from './tiny-worker.ts'

describe('D1 of the simulation', () => {
  it.each([
    [
      '101 parameters',
      `env.DB.prepare('SELECT 1').bind(...Array(101).fill(1)).all()`,
      /too many SQL/,
    ],
    [
      'a text beyond 2,000,000 bytes',
      `env.DB.prepare('SELECT ?1').bind('x'.repeat(2_000_001)).all()`,
      /TOOBIG/,
    ],
    [
      'SQL beyond 100,000 bytes',
      `env.DB.prepare('SELECT 1 --' + 'x'.repeat(100_000)).all()`,
      /too long/,
    ],
    ['a transaction by hand', `env.DB.prepare('BEGIN').run()`, /not authorized/],
    ['undefined', `env.DB.prepare('SELECT ?1').bind(undefined).all()`, /D1_TYPE_ERROR/],
    ['a big integer', `env.DB.prepare('SELECT ?1').bind(1n).all()`, /D1_TYPE_ERROR/],
    [
      'a second row with a key',
      `env.DB.batch([1, 1].map((n) => env.DB.prepare('INSERT INTO t VALUES (?1, NULL)').bind(n)))`,
      /UNIQUE.*SQLITE_CONSTRAINT/,
    ],
  ])('refuses %s', async (_what, call, error) => {
    const { ask } = tinyRelay(answering(`return ${call}`))
    expect(await ask()).toMatch(error)
  })

  it('refuses statement 51 of an invocation on the free plan, and tells of it', async () => {
    const call = `for (let i = 0; i < 51; i++) await env.DB.prepare('SELECT 1').all()`
    const { ask, limits } = tinyRelay(answering(call), 'free')
    expect(await ask()).toMatch(/Too many API requests/)
    expect(limits).toHaveLength(1)
  })

  it('writes nothing of a batch that fails', async () => {
    const { ask, relay } = tinyRelay(
      answering(
        `return env.DB.batch([env.DB.prepare('INSERT INTO t VALUES (1, NULL)'), env.DB.prepare('INSERT INTO nowhere VALUES (1)')])`,
      ),
    )
    expect(await ask()).toMatch(/no such table/)
    expect(relay.database.read('SELECT * FROM t')).toEqual([])
  })

  it('takes no more when it is full, but deletes, and takes again what fits then', async () => {
    const insert = `INSERT INTO t (text) SELECT printf('%.4000c', 'x') FROM json_each('[1,2,3,4,5,6,7,8]')`
    const { ask, relay } = tinyRelay(
      answering(`return (await env.DB.prepare("${insert}").run()).meta.changes`),
    )
    expect(await ask()).toBe('8')
    relay.database.fill(0)
    relay.database.migrate('DELETE FROM t WHERE n = 1')
    expect(await ask()).toMatch(/database or disk is full: SQLITE_FULL/)
    relay.database.migrate('DELETE FROM t')
    expect(await ask()).toBe('8')
  })
})

describe('a queue of the simulation', () => {
  it.each([
    [
      'a message beyond 128,000 bytes',
      `env.WORK.send('x'.repeat(128_001))`,
      /exceeds limit of 128000/,
    ],
    ['a batch of 101', `env.WORK.sendBatch(Array(101).fill({ body: 1 }))`, /exceeds limit of 100/],
    [
      'a batch beyond 256,000 bytes',
      `env.WORK.sendBatch(Array(3).fill({ body: 'x'.repeat(100_000) }))`,
      /exceeds limit of 256000/,
    ],
    ['a delay of more than a day', `env.WORK.send(1, { delaySeconds: 86_401 })`, /delaySeconds/],
  ])('refuses %s', async (_what, call, error) => {
    const { ask } = tinyRelay(answering(`return ${call}`))
    expect(await ask()).toMatch(error)
  })

  it('delivers again what is not acknowledged when the handler throws, then to the dead-letter queue', async () => {
    const { ask, logs, clock } =
      tinyRelay(`${answering(`await env.WORK.sendBatch([{ body: 'a' }, { body: 'b' }])`)},
      async queue(batch) {
        for (const { body, attempts } of batch.messages) console.log(batch.queue, body, attempts)
        batch.messages.find(({ body }) => body === 'a')?.ack()
        if (batch.queue === 'work') throw new Error('cannot')
      }`)
    await ask()
    await clock.turnUntil(clock.now + 600_000)
    expect(logs).toEqual(['work a 1', 'work b 1', 'work b 2', 'work b 3', 'dead b 1'])
  })

  it('drops a message whose retention is over', async () => {
    const { ask, relay, clock } = tinyRelay(
      `${answering(`await env.WORK.send('a', { delaySeconds: 86_400 })`)}, async queue() {}`,
    )
    await ask()
    await clock.turnUntil(clock.now + 2 * 86_400_000)
    expect(relay.queue('work').expired).toHaveLength(1)
  })

  it('delivers a message again whose isolate was cut off', async () => {
    const { ask, relay, clock, logs } = tinyRelay(`${answering(`await env.WORK.send('a')`)},
      async queue(batch, env) {
        console.log(batch.messages[0].attempts)
        if (batch.messages[0].attempts === 1) await new Promise((resolve) => setTimeout(resolve, 600_000))
      }`)
    await ask()
    for (const isolate of [...relay.isolates]) isolate.cut()
    await clock.turnUntil(clock.now + 120_000)
    expect(logs).toEqual(['1', '2'])
  })
})
