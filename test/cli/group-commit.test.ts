// Trips to D1 that requests share, with I/O contexts as they are when the Worker is deployed: in Vitest's runtime any
// request may go on in the context of any other.
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ROOT } from '../../src/cli/project.ts'
import { type Runtime, startRuntime } from '../bench/runtime.ts'

/** So that optimized code is what it is after hours of requests, piece by piece. */
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

/** Rounds of requests that come at once; those after the first two mostly go along with others, and outlive them. */
async function ask() {
  const answers: string[][] = []
  for (let i = 0; i < 5; i++) {
    const texts = NAMES.map(async (name, j) =>
      (await fetch(`${url}/${name}?then=${j < 2 ? 0 : 300}`)).text(),
    )
    answers.push(await Promise.all(texts))
  }
  const trips = (await (await fetch(`${url}/trips`)).json()) as number[]
  return { answers, isShared: trips.some((statements) => statements > 1) }
}

const EACH_ITS_OWN = { answers: Array(5).fill(NAMES.map((name) => `/${name}`)), isShared: true }

it('tells each request its own results of the trip that it shares', async () => {
  expect(await ask()).toEqual(EACH_ITS_OWN)
})

it('lets each go on in its own context, also when V8 has optimized what they share', async () => {
  await (await fetch(`${url}/warm`)).text()

  // What went on in the context of another would end with that one.
  expect(await ask()).toEqual(EACH_ITS_OWN)
})
