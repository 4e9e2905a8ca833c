// Requests of an isolate share trips to D1, and each is answered as if it had gone by itself.
import { env } from 'cloudflare:workers'
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished, vi } from 'vitest'
import { type Batching, groupCommit } from '../../src/store/group-commit.ts'
import { empty } from '../database.ts'

beforeAll(() => env.DB.exec('CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)'))
afterAll(() => env.DB.exec('DROP TABLE notes'))
beforeEach(() => empty('notes'))

/** What happens on a trip; `go` asks the real D1. */
type Trip = (go: () => Promise<D1Result[]>) => Promise<D1Result[]>

type Setting = { trips?: Trip[]; now?: () => number }

/** The real D1 with what its trips carry (`sizes`), and what was handed to `waitUntil` (`kept`), at one moment. */
function aDatabase({ trips = [], now = () => 1000 }: Setting = {}) {
  const sizes: number[] = []
  const kept: Promise<unknown>[] = []
  const db = {
    prepare: (sql: string) => env.DB.prepare(sql),
    batch: (statements: D1PreparedStatement[]) => {
      sizes.push(statements.length)
      const trip = trips[sizes.length - 1] ?? ((go) => go())
      return trip(() => env.DB.batch(statements))
    },
  } as unknown as D1Database
  const aRequest = () => groupCommit(db, { now, waitUntil: (work) => kept.push(work) })
  /** Writes a row for each text, under ids from one on, and gives the texts that D1 says it has written. */
  const writeIn = async ({ prepare, batch }: Batching, id: number, ...texts: string[]) => {
    const insert = prepare('INSERT INTO notes VALUES (?1, ?2) RETURNING text')
    const results = await batch<{ text: string }>(texts.map((text, i) => insert.bind(id + i, text)))
    return results.flatMap((result) => result.results.map(({ text }) => text))
  }
  const write = (id: number, ...texts: string[]) => writeIn(aRequest(), id, ...texts)
  return { sizes, kept, aRequest, write, writeIn }
}

const inLog = async () =>
  (await env.DB.prepare('SELECT text FROM notes ORDER BY id').all<{ text: string }>()).results.map(
    ({ text }) => text,
  )

const many = (count: number) => Array.from({ length: count }, (_, i) => `${i}`)

const outcomesOf = async (writes: Promise<unknown>[]) =>
  (await Promise.allSettled(writes)).map(({ status }) => status)

/** A trip that ends when it is told to. */
function aSlowTrip() {
  const { promise, resolve } = Promise.withResolvers<void>()
  const trip: Trip = async (go) => {
    await promise
    return go()
  }
  return { trip, end: resolve }
}

/** Timers go by this alone. */
function stopTimers() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
}

it('goes at once when nobody is on the way', async () => {
  const { sizes, write, kept } = aDatabase()

  expect(await write(1, 'one')).toEqual(['one'])
  expect(await write(2, 'two', 'three')).toEqual(['two', 'three'])

  expect(sizes).toEqual([1, 2])
  expect(kept).toEqual([])
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

it('waits 10 ms at most, however long D1 is silent', async () => {
  stopTimers()
  const slow = aSlowTrip()
  const { sizes, write } = aDatabase({ trips: [slow.trip] })

  const all = [write(1, 'slow'), write(2, 'quick'), write(3, 'quick too')]
  await vi.advanceTimersByTimeAsync(9)
  expect(sizes).toEqual([1])
  await vi.advanceTimersByTimeAsync(1)
  expect(sizes).toEqual([1, 2])

  slow.end()
  expect(await Promise.all(all)).toEqual([['slow'], ['quick'], ['quick too']])
})

it('goes beside a trip that has taken longer, and is waited for in its turn', async () => {
  stopTimers()
  let time = 1000
  const [slow, slower] = [aSlowTrip(), aSlowTrip()]
  const { sizes, write } = aDatabase({ trips: [slow.trip, slower.trip], now: () => time })

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

it('goes as soon as the trip before has ended, with all who had no room in one group', async () => {
  stopTimers()
  const { sizes, write } = aDatabase()

  await Promise.all([
    write(1, 'first'),
    write(100, 'leads'),
    write(200, ...many(17)),
    write(300, 'x'),
  ])

  expect(sizes).toEqual([1, 1, 18])
})

it('takes nobody along any more once it has left', async () => {
  const { sizes, write } = aDatabase()
  await Promise.all([write(1, 'first'), write(2, 'leads')])

  expect(await write(3, 'comes in the same moment')).toEqual(['comes in the same moment'])

  expect(sizes).toEqual([1, 1, 1])
})

it('takes 16 statements of others along, and no more in all that a request does', async () => {
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
    write(6000, 'one too many'),
  ])

  expect(sizes).toEqual([1, 16, 1, 6, 1])
  expect(await inLog()).toHaveLength(25)
})

it('lets a request that SQLite refuses fail alone, and writes those of its group', async () => {
  const { sizes, kept, write } = aDatabase()
  await write(3, 'was here first')

  const writes = [
    write(1, 'on its own'),
    write(2, 'leads'),
    write(3, 'takes what is taken'),
    write(4, 'goes along'),
  ]

  expect(await outcomesOf(writes)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
  await expect(writes[2]).rejects.toThrow('UNIQUE constraint failed: notes.id')
  expect(await inLog()).toEqual(['on its own', 'leads', 'was here first', 'goes along'])
  // The group, and then each by itself.
  expect(sizes).toEqual([1, 1, 3, 1, 1, 1])
  await Promise.all(kept)
})

it('lets the leader that SQLite refuses fail alone too, and does not ask it twice without need', async () => {
  const { sizes, kept, write } = aDatabase()
  await write(2, 'was here first')

  const writes = [write(1, 'on its own'), write(2, 'no'), write(3, 'yes')]
  expect(await outcomesOf(writes)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(await outcomesOf([write(4, 'on its own'), write(2, 'no')])).toEqual([
    'fulfilled',
    'rejected',
  ])

  expect(await inLog()).toEqual(['on its own', 'was here first', 'yes', 'on its own'])
  expect(sizes).toEqual([1, 1, 2, 1, 1, 1, 1])
  // What a request has been told already is no news to the runtime.
  await Promise.all(kept)
})

it.each(['D1_ERROR: Network connection lost.', 'D1_ERROR: database or disk is full: SQLITE_FULL'])(
  'asks nothing again after %s: all of the group are told so',
  async (message) => {
    const lost: Trip = async (go) => {
      await go()
      throw new Error(message)
    }
    const { sizes, write } = aDatabase({ trips: [(go) => go(), lost] })

    const writes = [write(1, 'one'), write(2, 'two'), write(3, 'three')]

    expect(await outcomesOf(writes)).toEqual(['fulfilled', 'rejected', 'rejected'])
    expect(sizes).toEqual([1, 2])
    expect(await inLog()).toEqual(['one', 'two', 'three'])
  },
)

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

it('waits 10 ms for one who was cut off when the clock goes back, too', async () => {
  stopTimers()
  let time = 1_000_000
  const never: Trip = () => new Promise(() => {})
  const { write } = aDatabase({ trips: [never], now: () => time })

  void write(1, 'cut off on its way')
  time -= 5000
  const next = write(2, 'comes after, by no clock')
  await vi.advanceTimersByTimeAsync(10)

  expect(await next).toEqual(['comes after, by no clock'])
})

it('hands to waitUntil what others rely on', async () => {
  const { kept, write } = aDatabase()

  const all = [write(1, 'relied on by nobody'), write(2, 'leads'), write(3, 'goes along')]

  expect(kept).toHaveLength(1)
  await kept[0]
  expect(await inLog()).toEqual(['relied on by nobody', 'leads', 'goes along'])
  await Promise.all(all)
})
