// Profiles: a relay is remembered with its token, and a token goes to no other relay.

import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { aProject, command } from '../project.ts'

const project = aProject()
let home: string
let server: Server
let url: string
let tokens: (string | undefined)[]

beforeAll(async () => {
  // What the relay answers does not matter here; what it is asked does.
  server = createServer((request, response) => {
    tokens.push(request.headers.authorization)
    response.setHeader('content-type', 'application/json')
    response.end('{"attention":[],"people":[]}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.close()
  project.remove()
})
beforeEach(() => {
  tokens = []
  home = mkdtempSync(path.join(tmpdir(), 'profiles-'))
  process.env.XDG_CONFIG_HOME = home
})
afterEach(() => {
  delete process.env.XDG_CONFIG_HOME
  delete process.env.RELAY_TOKEN
  delete process.env.RELAY_URL
  rmSync(home, { recursive: true })
})

const file = () => path.join(home, 'membership-relay/profiles.json')
const run = (...args: string[]) => command(project.dir, 'relay', ...args)

async function logIn(): Promise<void> {
  process.env.RELAY_TOKEN = 'token-of-gym'
  expect(await run('login', url, '--name', 'gym')).toMatchObject({
    status: 0,
    output: `Commands now use gym (${url}).\n`,
  })
  delete process.env.RELAY_TOKEN
  tokens = []
}

describe('a profile', () => {
  it('is kept where only its owner can read it, and used from then on', async () => {
    await logIn()
    await run('people', 'ana@example.com')

    expect(tokens).toEqual(['Bearer token-of-gym'])
    expect(statSync(file()).mode & 0o777).toBe(0o600)
    expect((await run('profiles')).output).toMatch(
      /^profile +relay +in use\ngym +http:\S+ +yes\nlocal +this machine\n$/,
    )
    expect((await run('profiles', '--json')).output).not.toContain('token')
  })

  it('has a token of its own: RELAY_TOKEN does not go to its relay, and its token to no other', async () => {
    await logIn()
    process.env.RELAY_TOKEN = 'token-of-another'
    await run('people', 'ana@example.com')
    await run('people', 'ana@example.com', '--profile', 'gym')
    await run('people', 'ana@example.com', '--url', url)

    expect(tokens).toEqual([
      'Bearer token-of-gym',
      'Bearer token-of-gym',
      'Bearer token-of-another',
    ])
    delete process.env.RELAY_TOKEN
    const other = await run('people', 'ana@example.com', '--url', 'https://relay.example')
    expect(other).toMatchObject({ status: 2, output: expect.stringContaining('No token') })
  })

  it('yields to RELAY_URL, and to the relay of this machine when that is chosen', async () => {
    await logIn()
    process.env.RELAY_URL = 'https://relay.example'
    const named = await run('people', 'ana@example.com')
    delete process.env.RELAY_URL
    await run('use', 'local')
    const local = await run('open', '--print')

    expect(named.output).toContain('No token')
    expect(tokens).toEqual([])
    expect(local.output).toContain('No token')
  })

  it('is refused when others can read it, or when it is damaged', async () => {
    await logIn()
    chmodSync(file(), 0o644)
    expect(await run('profiles')).toMatchObject({
      status: 2,
      output: `${file()} can be read by others: run "chmod 600 ${file()}".\n`,
    })
  })

  it('is forgotten by logout', async () => {
    await logIn()
    expect((await run('logout')).output).toBe('gym is forgotten. Its token is still valid.\n')
    expect(readFileSync(file(), 'utf8')).not.toContain('token-of-gym')
    expect((await run('logout')).output).toBe('No profile is in use: name one.\n')
  })
})

it.each([
  ['http://relay.example', 'would be sent to http://relay.example in the clear: use https://.'],
  ['relay.example', 'The URL must start with https:// or http://, not "relay.example".'],
])('does not log in to %s', async (relay, words) => {
  process.env.RELAY_TOKEN = 'token'
  const { status, output } = await run('login', relay)

  expect(output).toContain(words)
  expect(status).toBe(2)
})
