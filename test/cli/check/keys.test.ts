// `npm run deploy` changes nothing where the database has keys that this version cannot read. Its question is put to a real
// local database by wrangler, as the deploy puts it to the remote one.
import { execFileSync, spawnSync } from 'node:child_process'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keysProblem } from '../../../src/cli/check/keys.ts'
import { WRANGLER } from '../../../src/cli/project.ts'
import { HAS_KEYS_OF_0X } from '../../../src/store/keys-of-0x.ts'
import { aProject } from '../project.ts'

let project: ReturnType<typeof aProject>
const wrangler = (...args: string[]) =>
  spawnSync(process.execPath, [WRANGLER, 'd1', ...args, '--local'], {
    cwd: project.dir,
    encoding: 'utf8',
    env: { ...process.env, CI: '1' },
  })
const execute = (sql: string) => wrangler('execute', 'DB', '--json', '--yes', '--command', sql)

function ask(): string | undefined {
  const { status, stdout, stderr } = execute(HAS_KEYS_OF_0X)
  return keysProblem('relay', { isDone: status === 0, output: stdout + stderr })
}

/** Each command of wrangler takes seconds, and some tens while the machine is busy. */
const SLOW = 600_000

const insert = (...keys: string[]) =>
  execute(`INSERT INTO events (key, source, vendor, status, type, planned, hops, dedup_key, encoding, headers)
    VALUES ${keys.map((key) => `(${key}, 'hype', 'hype', 'accepted', 'payment.created', 0, 0, 'k${key}', 'utf8', '{}')`)}`)

beforeAll(() => {
  project = aProject()
})

afterAll(() => project.remove())

describe('the keys of a database', () => {
  it('may be used where there are none, or only those of this version', { timeout: SLOW }, () => {
    expect(ask()).toBeUndefined()
    expect(wrangler('migrations', 'apply', 'DB').status).toBe(0)
    expect(ask()).toBeUndefined()
    insert('9007199254740991')
    expect(ask()).toBeUndefined()
  })

  it('are refused when they are of a version 0.x, with what to do', { timeout: SLOW }, () => {
    insert('3764847535718400007')

    expect(ask()).toMatch(
      /^the database relay is one of a version 0\.x: its ids have 13 characters, .*another database_name in wrangler\.toml/,
    )
  })

  it('are refused when they cannot be read', () => {
    const failed = { isDone: false, output: 'Authentication error [code: 10000]' }
    expect(keysProblem('relay', failed)).toMatch(/could not be asked .*Authentication error/)
    expect(keysProblem('relay', { isDone: true, output: '[]' })).toMatch(/cannot be read/)
  })
})

describe('wrangler d1 export', () => {
  it('and an import of that dump give equal keys', { timeout: SLOW }, () => {
    const keys = () =>
      JSON.parse(
        execute('SELECT key, CAST(key AS TEXT) AS text FROM events ORDER BY key').stdout,
      )[0].results as { key: number; text: string }[]
    execute('DELETE FROM events')
    insert('1780796620800006', '1780796620800007', '9007199254740990')
    const before = keys()
    const dump = path.join(project.dir, 'dump.sql')
    expect(wrangler('export', 'DB', '--output', dump).status).toBe(0)
    execFileSync('rm', ['-rf', path.join(project.dir, '.wrangler')])

    const { status } = wrangler('execute', 'DB', '--yes', '--file', dump)

    expect(status).toBe(0)
    expect(keys()).toEqual(before)
    expect(before.map(({ key, text }) => [String(key), text])).toEqual(
      before.map(({ text }) => [text, text]),
    )
  })
})
