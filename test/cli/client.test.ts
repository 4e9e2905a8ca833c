// The typed client in another TypeScript program: correct calls compile, and wrong ones do not.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { blocksOf, readPages } from './docs/pages.ts'
import { run } from './project.ts'

const ROOT = path.join(import.meta.dirname, '../..')
const dir = mkdtempSync(path.join(tmpdir(), 'relay-client-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const PROGRAM = `
import { createClient } from 'membership-relay/client'

const { api } = createClient('https://relay.example', 'token')
const listed = await api.events.$get({ query: { status: ['accepted'], type: 'payment.*' } })
if (listed.ok) console.log((await listed.json()).events.map(({ id }): \`evt_\${string}\` => id))
const replay = await api.replays.$post({ json: { filter: { target: 'crm' }, dry_run: true } })
if (replay.status === 404) console.log((await replay.json()).title)

// @ts-expect-error: no such status
api.events.$get({ query: { status: 'lost' } })
// @ts-expect-error: no such key
api.replays.$post({ json: { filter: { tagret: 'crm' } } })
// @ts-expect-error: no such route
api.nothing.$get()
`

/** The program of docs/api.md; `process` replaces Node's types. */
const [EXAMPLE] = blocksOf(readPages()).filter(
  ({ language, text }) => language === 'ts' && text.includes('membership-relay/client'),
)
const PROCESS = 'declare const process: { env: Record<string, string | undefined> }\n'

it('gives another program the types of every route, and compiles the example of the documentation', async () => {
  mkdirSync(path.join(dir, 'node_modules'))
  symlinkSync(ROOT, path.join(dir, 'node_modules/membership-relay'))
  writeFileSync(path.join(dir, 'program.ts'), PROGRAM)
  writeFileSync(path.join(dir, 'example.ts'), PROCESS + EXAMPLE?.text)
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: 'esnext',
    module: 'esnext',
    moduleResolution: 'bundler',
    allowImportingTsExtensions: true,
    jsx: 'react-jsx',
    jsxImportSource: 'hono/jsx',
    skipLibCheck: true,
    types: [path.join(ROOT, 'node_modules/@cloudflare/workers-types')],
  }
  writeFileSync(path.join(dir, 'tsconfig.json'), JSON.stringify({ compilerOptions }))

  const { status, stdout } = await run(path.join(ROOT, 'node_modules/.bin/tsc'), '-p', dir)

  expect(EXAMPLE?.page).toBe('docs/api.md')
  expect(stdout).toBe('')
  expect(status).toBe(0)
})
