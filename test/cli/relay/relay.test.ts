// `npm run relay` against a running relay: ledger, renormalize, errors.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aProject, begin, command, freePort, type Running, tamperWith } from '../project.ts'

const project = aProject()
let relay: Running
let url: string

/** Runs `npm run relay -- …` against the relay of this test. */
const run = (...args: string[]) => command(project.dir, 'relay', ...args, '--url', url)

beforeAll(async () => {
  const port = await freePort()
  url = `http://127.0.0.1:${port}`
  relay = begin(project.dir, 'start', '--port', String(port), '--persist-to', '.state')
  await relay.until(/Ctrl-C ends everything/)
  const secrets = readFileSync(path.join(project.dir, '.dev.vars'), 'utf8')
  const [, secret] = /^HYPE_SECRET="(.+)"$/m.exec(secrets) ?? []
  const response = await fetch(`${url}/in/hype?key=${secret}`, {
    method: 'POST',
    body: JSON.stringify({ id: 'c', publisher_id: 'p', type: 'payment.created', timestamp: 1e9 }),
  })
  expect(response.status).toBe(202)
  await relay.until(/receiver.*verified/)
})
afterAll(async () => {
  relay.child.kill('SIGINT')
  await once(relay.child, 'close')
  project.remove()
})

/** Changes the local database behind the relay's back. */
const tamper = (sql: string) => tamperWith(path.join(project.dir, '.state'), sql)

describe('relay ledger', () => {
  it('accounts for every event and delivery', async () => {
    await expect
      .poll(async () => (await run('ledger')).output, { timeout: 10_000 })
      .toMatch(/example +1 +0 +0 +0 +1 +0 +0/)
    const { status, output } = await run('ledger', '--verify')

    expect(output).toMatch(
      /^source +received +accepted +quarantined +duplicate +inferred\nhype +1 +1 +0 +0 +0$/m,
    )
    expect(output).toMatch(
      /Balanced: every event and delivery is accounted for\.\nVerified: the stored totals match the log\.\n$/,
    )
    expect(status).toBe(0)
  })

  it('prints JSON with --json', async () => {
    const { output } = await run('ledger', '--json', '--since', '1h', '--verify')

    expect(JSON.parse(output)).toMatchObject({
      adds_up: true,
      spilled: 0,
      sources: [{ source: 'hype', received: 1, accepted: 1 }],
      targets: [{ target: 'example', created: 1, delivered: 1 }],
      verified: [],
    })
  })

  it('refuses an invalid time', async () => {
    const { status, output } = await run('ledger', '--since', 'yesterday')

    expect(output.trim()).toBe(
      'since must be a time: 2026-11-30, 2026-11-30T04:00Z, or 30m, 24h, 7d.',
    )
    expect(status).toBe(2)
  })

  it('lists what is missing from the log, and fails', async () => {
    tamper('DELETE FROM deliveries')

    const { status, output } = await run('ledger', '--verify')

    expect(output).toContain('Not balanced:\nevents created 1 deliveries, but 0 exist')
    expect(output).toMatch(/^evt_\w{11}: 1 deliveries created, 0 in the log$/m)
    expect(status).toBe(1)
  })
})

describe('relay renormalize', () => {
  it('shows the differences of each event, and stores them unless it is a dry run', async () => {
    tamper(
      `UPDATE events SET event = json_set(event, '$.data.actor', 'robot') WHERE source = 'hype'`,
    )

    const dry = await run('renormalize', '--since', '1h', '--dry-run')
    const wet = await run('renormalize', '--since', '1h')
    const again = await run('renormalize', '--since', '1h', '--dry-run', '--json')

    expect(dry.output).toMatch(
      /^evt_\w{11} {2}payment\.created\n {2}- data\.actor: "robot"\n {2}\+ data\.actor: "unknown"\n/,
    )
    expect(dry.output).toMatch(
      /type +would change\npayment\.created +1\n\n1 event checked, 1 would change\.\n$/,
    )
    expect(wet).toMatchObject({ status: 0, output: expect.stringContaining('1 changed.') })
    expect(JSON.parse(again.output)).toEqual({ checked: 1, changed: [], refused: [], pruned: 0 })
  })

  it('requires --since', async () => {
    const { status, output } = await run('renormalize')

    expect(output).toContain("required option '--since <time>' not specified")
    expect(status).toBe(2)
  })
})

describe('relay simulate', () => {
  it('lists junk, which is quarantined, and succeeds', async () => {
    const args = ['--journey', '--source', 'hype', '--seed', 'one', '--junk', '1']
    const { status, output } = await run('simulate', ...args)

    expect(output).toMatch(/\(junk\) +202 {2}evt_\w+ {2}quarantined .*\(junk\)$/m)
    expect(output).toMatch(/^16 messages sent: .*\b8 quarantined/m)
    expect(status).toBe(0)
  })
})

describe('relay', () => {
  it.each([
    [['ledger', '--nope'], "error: unknown option '--nope'"],
    [['people', 'split', 'per_1'], "error: required option '--source <name>' not specified"],
    [['nonsense'], "error: unknown command 'nonsense'"],
    [['evnts'], "error: unknown command 'evnts'\n(Did you mean events?)"],
  ])('%j gives a one-sentence error', async (args, words) => {
    const { status, output } = await run(...args)

    expect(output.trim()).toBe(words)
    expect(status).toBe(2)
  })

  it('reports that no relay answers', async () => {
    const { status, output } = await command(
      project.dir,
      'relay',
      'ledger',
      '--url',
      'http://127.0.0.1:9',
    )

    expect(output).toContain('No relay answers at http://127.0.0.1:9: start it with')
    expect(status).toBe(2)
  })

  it('asks for a token if there is none', async () => {
    const { status, output } = await command(
      project.dir,
      'relay',
      'ledger',
      '--url',
      'https://relay.example',
    )

    expect(output.trim()).toBe(
      'No token: set RELAY_TOKEN to the relay\'s ADMIN_TOKEN, or run "relay login https://relay.example".',
    )
    expect(status).toBe(2)
  })

  it.each([
    ['localhost:8787', 'token', '--url must start with https:// or http://, not "localhost:8787".'],
    [
      undefined,
      'tok\nen',
      'RELAY_TOKEN is not a valid token: it contains spaces, line breaks or non-ASCII characters.',
    ],
    [
      undefined,
      'token',
      'rejected the token: set RELAY_TOKEN to its ADMIN_TOKEN, or run "relay login" again.',
    ],
  ])(
    'with --url %j and the token %j gives an error without the token',
    async (at, token, words) => {
      process.env.RELAY_TOKEN = token
      const asked = command(project.dir, 'relay', 'status', '--url', at ?? url)
      delete process.env.RELAY_TOKEN
      const { status, output } = await asked

      expect(output).toContain(words)
      expect(output.split('\n')).toHaveLength(2)
      expect(status).toBe(2)
    },
  )
})
