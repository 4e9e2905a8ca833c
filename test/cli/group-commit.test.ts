// Calls to D1 that requests share, in the I/O contexts of a deployed Worker: in Vitest's runtime any request may continue
// in the context of another one.
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ROOT } from '../../src/cli/project.ts'
import { type Runtime, startRuntime } from '../bench/tools/runtime.ts'

/** Without inlining, each function is optimized alone, as it is after hours of requests. */
const V8_FLAGS = '--max-inlined-bytecode-size=0 --max-maglev-inlined-bytecode-size=0'

let runtime: Runtime
let url = ''

beforeAll(async () => {
  process.env.MINIFLARE_WORKERD_V8_FLAGS = V8_FLAGS
  const entry = path.join(ROOT, 'test/bench/worker/group.ts')
  runtime = await startRuntime([{ name: 'group', entry, consumes: false }])
  delete process.env.MINIFLARE_WORKERD_V8_FLAGS
  url = runtime.workers.group?.url ?? ''
})
afterAll(() => runtime.stop())

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f']

/** Rounds of concurrent requests. Those after the first two mostly join the calls of others, and outlive them. */
async function sendRounds() {
  const answers: string[][] = []
  for (let i = 0; i < 5; i++) {
    const texts = NAMES.map(async (name, j) =>
      (await fetch(`${url}/${name}?then=${j < 2 ? 0 : 300}`)).text(),
    )
    answers.push(await Promise.all(texts))
  }
  const flushes = (await (await fetch(`${url}/flushes`)).json()) as number[]
  return { answers, isShared: flushes.some((statements) => statements > 1) }
}

const OWN_RESULTS = { answers: Array(5).fill(NAMES.map((name) => `/${name}`)), isShared: true }

it('returns to each request its own results of a shared call', async () => {
  expect(await sendRounds()).toEqual(OWN_RESULTS)
})

it('continues each request in its own context, also after V8 has optimized the shared code', async () => {
  await (await fetch(`${url}/warm`)).text()

  // A request that continued in the context of another one would end with it.
  expect(await sendRounds()).toEqual(OWN_RESULTS)
})
