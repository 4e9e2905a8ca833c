// Requests of an isolate share trips to D1, and none of them notices.
import { env } from 'cloudflare:workers'
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished, vi } from 'vitest'
import { groupCommit } from '../../src/store/group-commit.ts'
import { empty } from '../database.ts'

beforeAll(() => env.DB.exec('CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)'))
afterAll(() => env.DB.exec('DROP TABLE notes'))
beforeEach(() => empty('notes'))

type Trip = (go: () => Promise<D1Result[]>) => Promise<D1Result[]>

/** The real D1, what its trips carried, and what happens on the way instead of nothing. */
function aDatabase({ trips = [], now = Date.now }: { trips?: Trip[]; now?: () => number } = {}) {
  const sizes: number[] = []
  const db = {
    prepare: (sql: string) => env.DB.prepare(sql),
    batch: (statements: D1PreparedStatement[]) => {
      sizes.push(statements.length)
      const trip = trips[sizes.length - 1] ?? ((go) => go())
      return trip(() => env.DB.batch(statements))
    },
  } as unknown as D1Database
  const kept: Promise<unknown>[] = []
  const batching = groupCommit(db, { now, waitUntil: (work) => kept.push(work) })
  /** Writes a row for each text under ids of their own, and gives what D1 says of them. */
  const write = async (id: number, ...texts: string[]) => {
    const insert = batching.prepare('INSERT INTO notes VALUES (?1, ?2) RETURNING text')
    const results = await batching.batch<{ text: string }>(
      texts.map((text, i) => insert.bind(id + i, text)),
    )
    return results.flatMap((result) => result.results.map(({ text }) => text))
  }
  return { sizes, kept, write }
}

const inLog = async () =>
  (await env.DB.prepare('SELECT text FROM notes ORDER BY id').all<{ text: string }>()).results.map(
    ({ text }) => text,
  )

const slowly =
  (ms: number): Trip =>
  async (go) => {
    await new Promise((resolve) => setTimeout(resolve, ms))
    return go()
  }

it('goes at once when nobody is on the way', async () => {
  const { sizes, write } = aDatabase()

  expect(await write(1, 'one')).toEqual(['one'])
  expect(await write(2, 'two', 'three')).toEqual(['two', 'three'])

  expect(sizes).toEqual([1, 2])
})

it('waits for a trip under way, and shares the next one: each gets its own results', async () => {
  const { sizes, write } = aDatabase()

  const written = await Promise.all([
    write(1, 'first'),
    write(10, 'second', 'and more of it'),
    write(20, 'third'),
    write(30, 'fourth', 'its second', 'its third'),
  ])

  expect(written).toEqual([
    ['first'],
    ['second', 'and more of it'],
    ['third'],
    ['fourth', 'its second', 'its third'],
  ])
  expect(sizes).toEqual([1, 6])
})

it('waits 10 ms, however long D1 is silent', async () => {
  const { sizes, write } = aDatabase({ trips: [slowly(1000)] })

  const slow = write(1, 'slow')
  const startedAt = performance.now()
  await Promise.all([write(2, 'quick'), write(3, 'quick too')])
  const waited = performance.now() - startedAt

  expect(sizes).toEqual([1, 2])
  expect(waited).toBeGreaterThan(8)
  expect(waited).toBeLessThan(900)
  expect(await slow).toEqual(['slow'])
})

it('goes as soon as the trip before has ended, with all who could not go along in one group', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const { sizes, write } = aDatabase()
  const twelve = Array.from({ length: 12 }, (_, i) => `${i}`)

  await Promise.all([write(1, 'first'), write(100, ...twelve), write(200, ...twelve)])

  expect(sizes).toEqual([1, 12, 12])
})

it('takes nobody along any more once it has left', async () => {
  const { sizes, write } = aDatabase({ now: () => 1000 })
  await Promise.all([write(1, 'first'), write(2, 'leads')])

  expect(await write(3, 'comes in the same moment')).toEqual(['comes in the same moment'])

  expect(sizes).toEqual([1, 1, 1])
})

it('lets a request that SQLite refuses fail alone, and writes those of its group', async () => {
  const { sizes, write } = aDatabase()
  await write(3, 'was here first')

  const outcomes = await Promise.allSettled([
    write(1, 'on its own'),
    write(2, 'leads'),
    write(3, 'takes what is taken'),
    write(4, 'goes along'),
  ])

  expect(outcomes.map(({ status }) => status)).toEqual([
    'fulfilled',
    'fulfilled',
    'rejected',
    'fulfilled',
  ])
  expect(String((outcomes[2] as PromiseRejectedResult).reason)).toContain('UNIQUE constraint')
  expect(await inLog()).toEqual(['on its own', 'leads', 'was here first', 'goes along'])
  // The group, and then each by itself.
  expect(sizes).toEqual([1, 1, 3, 1, 1, 1])
})

it('lets the leader that SQLite refuses fail alone too', async () => {
  const { write } = aDatabase()
  await write(2, 'was here first')

  const outcomes = await Promise.allSettled([
    write(1, 'on its own'),
    write(2, 'no'),
    write(3, 'yes'),
  ])

  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(await inLog()).toEqual(['on its own', 'was here first', 'yes'])
})

it('asks nothing twice that may be written: when the answer is lost, all are told so', async () => {
  const lost: Trip = async (go) => {
    await go()
    throw new Error('D1_ERROR: Network connection lost.')
  }
  const { sizes, write } = aDatabase({ trips: [(go) => go(), lost] })

  const outcomes = await Promise.allSettled([write(1, 'one'), write(2, 'two'), write(3, 'three')])

  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected'])
  expect(sizes).toEqual([1, 2])
  expect(await inLog()).toEqual(['one', 'two', 'three'])
})

it('carries 20 statements in a group; who brings more goes by itself', async () => {
  const { sizes, write } = aDatabase()
  const many = (n: number) => Array.from({ length: n }, (_, i) => `${i}`)

  await Promise.all([
    write(1000, 'first'),
    write(2000, ...many(15)),
    write(3000, ...many(5)),
    write(4000, 'one too many'),
    write(5000, ...many(40)),
  ])

  expect(sizes.toSorted((a, b) => a - b)).toEqual([1, 1, 20, 40])
  expect(await inLog()).toHaveLength(62)
})

it('waits for nobody who was cut off: a group takes others along for 10 ms only', async () => {
  let time = 1000
  const never: Trip = () => new Promise(() => {})
  const { sizes, write } = aDatabase({ trips: [never], now: () => time })

  void write(1, 'cut off on its way')
  const led = write(2, 'leads a group, perhaps for ever')
  time += 11

  expect(await write(3, 'comes later')).toEqual(['comes later'])
  expect(sizes).toEqual([1, 1])
  await led
})

it('goes on when the sender of a request hangs up that others rely on', async () => {
  const { kept, write } = aDatabase()

  const first = write(1, 'relied on by nobody')
  const second = write(2, 'leads')
  const third = write(3, 'goes along')

  expect(kept).toHaveLength(1)
  await kept[0]
  expect(await inLog()).toEqual(['relied on by nobody', 'leads', 'goes along'])
  await Promise.all([first, second, third])
})
