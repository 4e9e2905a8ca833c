// Group commit by itself: `/<name>` responds with the name as D1 returns it, and after `?then=` milliseconds. `/warm` runs so
// many flushes that V8 optimizes the code; `/flushes` returns the number of statements of each flush.
import { waitUntil } from 'cloudflare:workers'
import { type BatchDatabase, groupCommit } from '../../../src/store/group-commit.ts'
import { withTimeout } from '../../../src/store/timeout.ts'

/** Long enough that simultaneous requests join one flush, and shorter than the longest wait for a flush. */
const FLUSH_MS = 5
const ROUNDS = 30_000

type Env = { DB: D1Database }

const TOOLS = { now: Date.now, waitUntil }

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

let slow: D1Database | undefined
let flushes: number[] = []

/** A slow D1. */
function slowD1(db: D1Database): D1Database {
  const batching: BatchDatabase = {
    prepare: (query) => db.prepare(query),
    batch: async (statements) => {
      flushes.push(statements.length)
      await wait(FLUSH_MS)
      return db.batch(statements)
    },
  }
  slow ??= batching as D1Database
  return slow
}

/** Flushes to a D1 that responds at once. */
async function warmUp(): Promise<void> {
  const nothing = { batch: async (statements: unknown[]) => statements } as unknown as D1Database
  const shared = () => groupCommit(nothing, TOOLS).batch([])
  for (let i = 0; i < ROUNDS; i++) await Promise.all([shared(), shared(), shared()])
}

/** Returns a text from D1, after some milliseconds more. */
async function echo(db: D1Database, text: string, ms: number): Promise<string | undefined> {
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
    if (pathname === '/flushes') {
      const sizes = flushes
      flushes = []
      return Response.json(sizes)
    }
    const name = await withTimeout(echo(DB, pathname, Number(searchParams.get('then'))))
    return new Response(name)
  },
} satisfies ExportedHandler<Env>
