// The event types in other TypeScript programs, by this compiler. `npm run schemas` asks earlier ones, which know the
// resolution of modules that most CommonJS projects have.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { type Project, writeConsumer } from '../event-types/consumer.ts'
import { run } from './project.ts'

const TSC = path.join(import.meta.dirname, '../../node_modules/.bin/tsc')
const dir = mkdtempSync(path.join(tmpdir(), 'relay-event-types-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

it.each<Project>([
  { type: 'module', module: 'nodenext' },
  { type: 'module', module: 'esnext', moduleResolution: 'bundler' },
  { type: 'commonjs', module: 'nodenext' },
  { type: 'commonjs', module: 'node16' },
  { type: 'commonjs', module: 'commonjs' },
])(
  'a program narrows events by their type, and the example of the documentation compiles: %j',
  async (project) => {
    writeConsumer(dir, project)

    expect(await run(TSC, '-p', dir)).toMatchObject({ stdout: '', status: 0 })
  },
)
