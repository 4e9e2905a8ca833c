// What the local runtime takes for each part of an event's work, however little the relay does in it: the least that is left.
import path from 'node:path'
import { ROOT } from '../../src/cli/project.ts'
import type { Bench, Options, Result } from './tools/bench.ts'
import { runtimeClock } from './tools/cpu.ts'
import { spreadOf } from './tools/figures.ts'
import { load } from './tools/load.ts'
import { startReceivers } from './tools/receivers.ts'
import { startRuntime } from './tools/runtime.ts'

/** What each path of the Worker (worker/parts.ts) does beside answering a request. */
const PARTS: [path: string, what: string][] = [
  ['trip-1', 'a trip to D1 with one statement that reads nothing'],
  ['trip-10', 'a trip to D1 with ten of them'],
  ['write-1', 'a transaction that writes a row of 1 KB'],
  ['write-10', 'a transaction that writes ten of them'],
  ['send-1', 'a call of a queue with one message, which is not consumed'],
  ['send-20', 'a call of a queue with twenty messages'],
  ['post', 'a POST of 1 KB to a receiver on this machine, with a timeout'],
  ['log', 'a line of 200 characters in the log'],
]
const CONNECTIONS = 4
const WARM = 500
const REQUESTS = 200
const ROUNDS = 9

async function run({ rounds = ROUNDS, progress }: Options): Promise<Result> {
  const receivers = await startReceivers(['crm'])
  const entry = path.join(ROOT, 'test/bench/worker/parts.ts')
  const vars = { RECEIVERS: receivers.urls }
  const runtime = await startRuntime([{ name: 'parts', entry, vars, consumes: false }])
  try {
    const { parts } = runtime.workers
    const clock = runtimeClock()
    if (parts === undefined || clock === undefined) throw new Error('There is no /proc here.')
    await parts.db.prepare('CREATE TABLE parts (id INTEGER PRIMARY KEY, text TEXT)').run()
    const microsecondsOf = async (name: string, requests: number) => {
      const before = clock()
      const traffic = { path: `/${name}`, headers: {}, next: () => '{}' }
      await load(parts.url, traffic, { connections: CONNECTIONS, requests })
      return ((clock() - before) / requests) * 1000
    }
    const names = ['nothing', ...PARTS.map(([name]) => name)]
    const figures = new Map<string, number[]>(names.map((name) => [name, []]))
    for (const name of names) await microsecondsOf(name, WARM)
    for (let round = 1; round <= rounds; round++) {
      progress(`round ${round} of ${rounds}`)
      for (const name of names) figures.get(name)?.push(await microsecondsOf(name, REQUESTS))
    }
    const spreads = new Map([...figures].map(([name, values]) => [name, spreadOf(values)]))
    const base = spreads.get('nothing') ?? spreadOf([])
    const rows = PARTS.map(([name, what]) => {
      const { median, low } = spreads.get(name) ?? base
      return [what, Math.round(median - base.median), Math.round(low - base.low)]
    })
    return {
      notes: [
        `CPU of the whole runtime, by Linux, over ${CONNECTIONS} connections; what a request without any of it takes is subtracted.`,
      ],
      tables: [
        {
          title: 'Microseconds of CPU',
          columns: ['', `median of ${rounds}`, 'least'],
          rows: [
            ['a request that is answered at once', Math.round(base.median), Math.round(base.low)],
            ...rows,
          ],
        },
      ],
      goals: [],
    }
  } finally {
    await runtime.stop()
    await receivers.stop()
  }
}

export const parts: Bench = {
  summary: 'CPU that the local runtime takes for a trip to D1, a message, a request (one minute)',
  run,
}
