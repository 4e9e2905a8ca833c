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

/** Requests that come at once; those after the first two go along with others, and outlive them. */
async function answers(names: string[]): Promise<string[]> {
  return Promise.all(
    names.map(async (name, i) => (await fetch(`${url}/${name}?then=${i < 2 ? 0 : 300}`)).text()),
  )
}

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f']
const OWN = NAMES.map((name) => `/${name}`)

it('tells each request its own results', async () => {
  for (let i = 0; i < 5; i++) expect(await answers(NAMES)).toEqual(OWN)
})

it('lets each go on in its own context, also when V8 has optimized what they share', async () => {
  await (await fetch(`${url}/warm`)).text()

  // What went on in the context of another would end with that one.
  for (let i = 0; i < 5; i++) expect(await answers(NAMES)).toEqual(OWN)
})
