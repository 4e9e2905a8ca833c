// Requests of an isolate share D1 batches, and each gets the result that it would get alone.
import { env } from 'cloudflare:workers'
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished, vi } from 'vitest'
import { type BatchDatabase, groupCommit } from '../../src/store/group-commit.ts'
import { empty } from '../database.ts'

beforeAll(() => env.DB.exec('CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)'))
afterAll(() => env.DB.exec('DROP TABLE notes'))
beforeEach(() => empty('notes'))

/** Replaces one D1 batch; `run` runs the real one. */
type Batch = (run: () => Promise<D1Result[]>) => Promise<D1Result[]>

/** The real D1 at one moment; `sizes`: how many statements each batch had, `extended`: the promises for `waitUntil`. */
function aDatabase({
  batches = [],
  now = () => 1000,
}: {
  batches?: Batch[]
  now?: () => number
} = {}) {
  const sizes: number[] = []
  const extended: Promise<unknown>[] = []
  const db = {
    prepare: (sql: string) => env.DB.prepare(sql),
    batch: (statements: D1PreparedStatement[]) => {
      sizes.push(statements.length)
      const batch = batches[sizes.length - 1] ?? ((run) => run())
      return batch(() => env.DB.batch(statements))
    },
  } as unknown as D1Database
  const aRequest = () => groupCommit(db, { now, waitUntil: (work) => extended.push(work) })
  /** Writes a row for each text, with consecutive ids from `id`, and returns the texts that D1 returned. */
  const writeIn = async ({ prepare, batch }: BatchDatabase, id: number, ...texts: string[]) => {
    const insert = prepare('INSERT INTO notes VALUES (?1, ?2) RETURNING text')
    const results = await batch<{ text: string }>(texts.map((text, i) => insert.bind(id + i, text)))
    return results.flatMap((result) => result.results.map(({ text }) => text))
  }
  const write = (id: number, ...texts: string[]) => writeIn(aRequest(), id, ...texts)
  return { sizes, extended, aRequest, write, writeIn }
}

const storedTexts = async () =>
  (await env.DB.prepare('SELECT text FROM notes ORDER BY id').all<{ text: string }>()).results.map(
    ({ text }) => text,
  )

const many = (count: number) => Array.from({ length: count }, (_, i) => `${i}`)

const outcomesOf = async (writes: Promise<unknown>[]) =>
  (await Promise.allSettled(writes)).map(({ status }) => status)

/** A batch that ends when `end` is called. */
function aSlowBatch() {
  const { promise, resolve } = Promise.withResolvers<void>()
  const batch: Batch = async (run) => {
    await promise
    return run()
  }
  return { batch, end: resolve }
}

/** Timers fire only when the test advances them. */
function useManualTimers() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
}

it('flushes at once when no batch is running', async () => {
  const { sizes, write, extended } = aDatabase()

  expect(await write(1, 'one')).toEqual(['one'])
  expect(await write(2, 'two', 'three')).toEqual(['two', 'three'])

  expect(sizes).toEqual([1, 2])
  expect(extended).toEqual([])
})

it('waits for the running batch and shares the next one: each request gets its own results', async () => {
  const { sizes, write } = aDatabase()

  const written = await Promise.all([
    write(1, 'first'),
    write(10, 'second', 'its second row'),
    write(20, 'third'),
    write(30, 'fourth', 'its second row', 'its third row'),
  ])

  expect(written).toEqual([
    ['first'],
    ['second', 'its second row'],
    ['third'],
    ['fourth', 'its second row', 'its third row'],
  ])
  expect(sizes).toEqual([1, 6])
})

it('waits 10 ms at most, however long D1 takes', async () => {
  useManualTimers()
  const slow = aSlowBatch()
  const { sizes, write } = aDatabase({ batches: [slow.batch], now: () => 1000 })

  const all = [write(1, 'slow'), write(2, 'quick'), write(3, 'quick too')]
  await vi.advanceTimersByTimeAsync(9)
  expect(sizes).toEqual([1])
  await vi.advanceTimersByTimeAsync(1)
  expect(sizes).toEqual([1, 2])

  slow.end()
  expect(await Promise.all(all)).toEqual([['slow'], ['quick'], ['quick too']])
})

it('flushes beside a batch that takes longer, and the next request waits for the later one', async () => {
  useManualTimers()
  let time = 1000
  const [slow, slower] = [aSlowBatch(), aSlowBatch()]
  const { sizes, write } = aDatabase({ batches: [slow.batch, slower.batch], now: () => time })

  const first = write(1, 'slow')
  time += 10
  const second = write(2, 'slower')
  expect(sizes).toEqual([1, 1])
  slow.end()
  await first
  const third = write(3, 'waits for the second')
  expect(sizes).toEqual([1, 1])

  slower.end()
  expect(await Promise.all([second, third])).toEqual([['slower'], ['waits for the second']])
})

it('flushes a request separately that does not fit into the group', async () => {
  useManualTimers()
  const { sizes, write } = aDatabase()

  await Promise.all([
    write(1, 'first'),
    write(100, 'leads'),
    write(200, ...many(17)),
    write(300, 'x'),
  ])

  expect(sizes).toEqual([1, 1, 18])
})

it('accepts no follower after it has flushed', async () => {
  const { sizes, write } = aDatabase({ now: () => 1000 })
  await Promise.all([write(1, 'first'), write(2, 'leads')])

  expect(await write(3, 'arrives in the same moment')).toEqual(['arrives in the same moment'])

  expect(sizes).toEqual([1, 1, 1])
})

it('flushes at most 16 statements of others, in all batches of a request together', async () => {
  const { sizes, aRequest, write, writeIn } = aDatabase()
  const leader = aRequest()

  await Promise.all([
    write(1, 'first'),
    writeIn(leader, 1000, ...many(5)),
    write(2000, ...many(8)),
    write(3000, ...many(3)),
  ])
  await Promise.all([
    write(2, 'first'),
    writeIn(leader, 4000, 'leads again'),
    write(5000, ...many(5)),
    write(6000, 'exceeds the budget'),
  ])

  expect(sizes).toEqual([1, 16, 1, 6, 1])
  expect(await storedTexts()).toHaveLength(25)
})

it('rejects only the follower whose statement SQLite refuses, and writes the rest of the group', async () => {
  const { sizes, extended, write } = aDatabase()
  await write(3, 'came first')

  const writes = [
    write(1, 'alone'),
    write(2, 'leads'),
    write(3, 'has a taken id'),
    write(4, 'follows'),
  ]

  expect(await outcomesOf(writes)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
  await expect(writes[2]).rejects.toThrow('UNIQUE constraint failed: notes.id')
  expect(await storedTexts()).toEqual(['alone', 'leads', 'came first', 'follows'])
  // The group, then each request alone.
  expect(sizes).toEqual([1, 1, 3, 1, 1, 1])
  await Promise.all(extended)
})

it('rejects only the leader whose statement SQLite refuses, and retries it only if it had followers', async () => {
  const { sizes, extended, write } = aDatabase()
  await write(2, 'came first')

  const writes = [write(1, 'alone'), write(2, 'refused'), write(3, 'written')]
  expect(await outcomesOf(writes)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(await outcomesOf([write(4, 'alone'), write(2, 'refused')])).toEqual([
    'fulfilled',
    'rejected',
  ])

  expect(await storedTexts()).toEqual(['alone', 'came first', 'written', 'alone'])
  expect(sizes).toEqual([1, 1, 2, 1, 1, 1, 1])
  // The runtime sees no unhandled rejection of an error that the request has received.
  await Promise.all(extended)
})

it.each(['D1_ERROR: Network connection lost.', 'D1_ERROR: database or disk is full: SQLITE_FULL'])(
  'retries nothing after %s: the whole group is rejected',
  async (message) => {
    const lost: Batch = async (run) => {
      await run()
      throw new Error(message)
    }
    const { sizes, write } = aDatabase({ batches: [(run) => run(), lost] })

    const writes = [write(1, 'one'), write(2, 'two'), write(3, 'three')]

    expect(await outcomesOf(writes)).toEqual(['fulfilled', 'rejected', 'rejected'])
    expect(sizes).toEqual([1, 2])
    expect(await storedTexts()).toEqual(['one', 'two', 'three'])
  },
)

it('does not wait for a request that was cut off: a group accepts followers for 10 ms only', async () => {
  let time = 1000
  const never: Batch = () => new Promise(() => {})
  const { sizes, write } = aDatabase({ batches: [never], now: () => time })

  void write(1, 'cut off')
  const leader = write(2, 'leads')
  time += 11

  expect(await write(3, 'arrives later')).toEqual(['arrives later'])
  expect(sizes).toEqual([1, 1])
  await leader
})

it('waits 10 ms for a request that was cut off, also when the clock goes back', async () => {
  useManualTimers()
  let time = 1_000_000
  const never: Batch = () => new Promise(() => {})
  const { write } = aDatabase({ batches: [never], now: () => time })

  void write(1, 'cut off')
  time -= 5000
  const next = write(2, 'arrives after, by an earlier clock')
  await vi.advanceTimersByTimeAsync(10)

  expect(await next).toEqual(['arrives after, by an earlier clock'])
})

it('passes to waitUntil the flush that followers depend on', async () => {
  const { extended, write } = aDatabase()

  const all = [write(1, 'has no followers'), write(2, 'leads'), write(3, 'follows')]

  expect(extended).toHaveLength(1)
  await extended[0]
  expect(await storedTexts()).toEqual(['has no followers', 'leads', 'follows'])
  await Promise.all(all)
})
