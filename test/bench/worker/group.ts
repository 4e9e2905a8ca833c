// The sharing of trips to D1 by itself: `/<name>` answers with what D1 says of the name, and after `?then=` milliseconds.
// `/warm` shares so many trips that V8 optimizes what does it; `/trips` tells how many statements each trip has carried.
import { waitUntil } from 'cloudflare:workers'
import { type BatchDatabase, groupCommit } from '../../../src/store/group-commit.ts'
import { withTimeout } from '../../../src/store/timeout.ts'

/** Long enough for what is sent at once to meet, and shorter than a trip is waited for: its end is told, too. */
const TRIP_MS = 5
const ROUNDS = 30_000

type Env = { DB: D1Database }

const TOOLS = { now: Date.now, waitUntil }

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

let slow: D1Database | undefined
let trips: number[] = []

/** A D1 that takes its time. */
function slowD1(db: D1Database): D1Database {
  const batching: BatchDatabase = {
    prepare: (query) => db.prepare(query),
    batch: async (statements) => {
      trips.push(statements.length)
      await wait(TRIP_MS)
      return db.batch(statements)
    },
  }
  slow ??= batching as D1Database
  return slow
}

/** What shares trips to a D1 that answers at once with nothing. */
async function warmUp(): Promise<void> {
  const nothing = { batch: async (statements: unknown[]) => statements } as unknown as D1Database
  const shared = () => groupCommit(nothing, TOOLS).batch([])
  for (let i = 0; i < ROUNDS; i++) await Promise.all([shared(), shared(), shared()])
}

/** Gives a text by way of D1, and after some milliseconds more. */
async function say(db: D1Database, text: string, ms: number): Promise<string | undefined> {
  const { prepare, batch } = groupCommit(slowD1(db), TOOLS)
  const [result] = await batch<{ text: string }>([prepare('SELECT ?1 AS text').bind(text)])
  await wait(ms)
  return result?.results[0]?.text
}

export default {
  async fetch(request, { DB }) {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === '/warm') {
      await warmUp()
      return new Response()
    }
    if (pathname === '/trips') {
      const sizes = trips
      trips = []
      return Response.json(sizes)
    }
    const name = await withTimeout(say(DB, pathname, Number(searchParams.get('then'))))
    return new Response(name)
  },
} satisfies ExportedHandler<Env>
