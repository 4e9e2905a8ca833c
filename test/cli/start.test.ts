// The first steps of a new user: `npm start`, one webhook of each kind, and each arrives and is verified.
import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aProject, begin, command, freePort, RECEIVER_PORT, type Running, run } from './project.ts'

const FIXTURES = path.join(import.meta.dirname, '../fixtures/vendors')

/** The vendor's own sample, then each event of both vendors. */
const WEBHOOKS = [
  ['hype/sample-payment', 'payment.created'],
  ['hapana/account-created-article', 'contact.created'],
  ['hapana/client-updated-article', 'contact.updated'],
  ['hapana/client-status-change-article', 'membership.status_changed'],
  ['hapana/package-purchased-article', 'purchase.completed'],
  ['hapana/check-in-article', 'checkin.recorded'],
  ['hapana/outbound-message-article', 'message.sent'],
  ['hype/contact-created', 'contact.created'],
  ['hype/contact-updated', 'contact.updated'],
  ['hype/payment-created', 'payment.created'],
  ['hype/payment-updated-user', 'payment.updated'],
  ['hype/payment-deleted-user', 'subscription.ended'],
] as const

describe('npm start', () => {
  const project = aProject()
  let relay: Running
  let port: number
  let secrets: Record<string, string>
  let debugged: string
  /** The Workers that can be debugged on Wrangler's default port for its first Worker. */
  const debuggable = () =>
    fetch('http://127.0.0.1:9229/json').then(
      (response) => response.text(),
      () => 'nothing',
    )

  beforeAll(async () => {
    port = await freePort()
    debugged = await debuggable()
    relay = begin(project.dir, 'start', '--port', String(port))
    await relay.until(/Ctrl-C ends everything/)
    const lines = readFileSync(path.join(project.dir, '.dev.vars'), 'utf8').matchAll(
      /^(\w+)="(.+)"$/gm,
    )
    secrets = Object.fromEntries([...lines].map(([, name, value]) => [name, value]))
  })
  afterAll(() => {
    if (relay.child.exitCode === null) relay.child.kill('SIGINT')
    project.remove()
  })

  it('generates the missing secrets, readable by their owner only', () => {
    expect(Object.keys(secrets).sort()).toEqual([
      'ADMIN_TOKEN',
      'EXAMPLE_SIGNING_SECRET',
      'HAPANA_SECRET',
      'HYPE_SECRET',
    ])
    expect(new Set(Object.values(secrets)).size).toBe(4)
    expect(statSync(path.join(project.dir, '.dev.vars')).mode & 0o777).toBe(0o600)
  })

  it('prints a curl command for each source that works unchanged', async () => {
    const curls = relay.output().match(/^curl '.*\/in\/.*$/gm) ?? []

    expect(curls).toHaveLength(2)
    for (const curl of curls) {
      const { stdout } = await run('bash', '-c', `${curl} -s`)
      expect(JSON.parse(stdout)).toMatchObject({ status: 'accepted', deliveries: 1 })
    }
  })

  it.each(WEBHOOKS)('relays %s to the receiver as %s, verified', async (fixture, type) => {
    const { request } = JSON.parse(readFileSync(path.join(FIXTURES, `${fixture}.json`), 'utf8'))
    const [vendor = ''] = fixture.split('/')
    const query = new URLSearchParams({ ...request.query, key: secrets.HYPE_SECRET ?? '' })
    const sentAt = Date.now()

    const response = await fetch(`http://127.0.0.1:${port}/in/${vendor}?${query}`, {
      method: 'POST',
      headers: { ...request.headers, 'x-relay-key': secrets.HAPANA_SECRET ?? '' },
      body: request.text ?? JSON.stringify(request.body),
    })

    expect(response.status).toBe(202)
    const { id } = (await response.json()) as { id: string }
    const [line] = await relay.until(new RegExp(`receiver.*${id}.*`))
    expect(line).toBe(`receiver  ✓ verified  ${type}  ${id}  from ${vendor}  attempt 1`)
    console.info(`${fixture}: at the receiver after ${Date.now() - sentAt} ms`)
  })

  it('opens no port for debugging by default, which a second relay beside it would need too', async () => {
    expect(await debuggable()).toBe(debugged)
  })

  it('refuses to start twice on one port, with one sentence', async () => {
    const { status, output } = await command(project.dir, 'start', '--port', String(port))

    expect(status).toBe(1)
    expect(output.trim()).toBe(
      `Port ${port}, which the relay needs, is in use: stop the process that listens there, or use "npm start -- --port N".`,
    )
  })

  it('ends with all processes that it started', async () => {
    relay.child.kill('SIGINT')
    await once(relay.child, 'close')

    expect(relay.child.exitCode).toBe(0)
    await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow()
    await expect(fetch(`http://127.0.0.1:${RECEIVER_PORT}/`)).rejects.toThrow()
    const { stdout } = await run('ps', '-eo', 'args')
    expect(stdout.split('\n').filter((line) => line.includes(project.dir))).toEqual([])
  })
})

it('ends at once, with all its processes, when it is interrupted twice while it starts', async () => {
  const project = aProject()
  const relay = begin(project.dir, 'start', '--no-receiver', '--port', String(await freePort()))
  await relay.until(/Starting/)
  await new Promise((resolve) => setTimeout(resolve, 1500))

  relay.child.kill('SIGINT')
  await relay.until(/Stopping/)
  relay.child.kill('SIGINT')
  await once(relay.child, 'close')

  expect(relay.child.exitCode).toBe(0)
  const { stdout } = await run('ps', '-eo', 'args')
  expect(stdout.split('\n').filter((line) => line.includes(project.dir))).toEqual([])
  project.remove()
})

describe('npm start reports in one sentence', () => {
  it.each([
    [
      'where wrangler.toml is broken',
      (toml: string) => toml.replace('[[vars.SOURCES]]', '[[vars.SOURCES]'),
      /^wrangler\.toml is broken at line \d+, column \d+: .*\.$/,
    ],
    [
      'that wrangler.toml has no database',
      (toml: string) => toml.replace('[[d1_databases]]', '[[d1_base]]'),
      /^wrangler\.toml: \[\[d1_databases\]\] with binding = "DB" and a database_name is missing\.$/,
    ],
  ])('%s', async (_case, change, sentence) => {
    const project = aProject(change)

    const { status, output } = await command(project.dir, 'start')
    project.remove()

    expect(status).toBe(1)
    expect(output.trim()).toMatch(sentence)
  })

  it.each([
    [
      'that a setting of wrangler.toml is wrong',
      (toml: string) => toml.replace('"2026-11-01"', '"tomorrow"'),
    ],
    [
      'that the Worker does not exist',
      (toml: string) => toml.replace('src/index.ts', 'src/nope.ts'),
    ],
    [
      'that a setting is of the wrong kind',
      (toml: string) => toml.replace('crons = ["* * * * *"]', 'crons = 5'),
    ],
  ])('%s, and ends', async (_case, change) => {
    const project = aProject(change)
    const port = await freePort()

    const { status, output } = await command(
      project.dir,
      'start',
      '--no-receiver',
      '--port',
      String(port),
    )
    project.remove()

    expect(status).toBe(1)
    const lines = output.split('\n').filter((line) => line !== '' && !/^Wrote|^Starting/.test(line))
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(
      /^The (relay did not start|local database could not be migrated): .*\.$/,
    )
  })

  it('that the port of its receiver is in use', async () => {
    const project = aProject()
    const server = createServer().listen(RECEIVER_PORT, '127.0.0.1')
    await once(server, 'listening')

    const { status, output } = await command(
      project.dir,
      'start',
      '--port',
      String(await freePort()),
    )
    server.close()
    project.remove()

    expect(status).toBe(1)
    expect(output.trim()).toMatch(
      new RegExp(`^Port ${RECEIVER_PORT}, which the receiver needs, is in use: .*$`),
    )
  })

  it('that its port is not a number', async () => {
    const project = aProject()

    const { output } = await command(project.dir, 'start', '--port', 'many')
    project.remove()

    expect(output.trim()).toBe('--port must be a number from 1 to 65535, not "many".')
  })

  it.each([['--receiver-port', '9000'], ['--receiver-port=9000']])(
    'that the receiver has no option %s',
    async (...args) => {
      const project = aProject()

      const { status, output } = await command(project.dir, 'start', ...args)
      project.remove()

      expect(status).toBe(1)
      expect(output.trim()).toBe(
        `There is no option --receiver-port: the receiver uses port ${RECEIVER_PORT}, or "npm start -- --no-receiver" leaves it out.`,
      )
    },
  )

  it('that the packages are not installed', async () => {
    const project = aProject()
    await run('rm', path.join(project.dir, 'node_modules'))

    const { status, output } = await command(project.dir, 'start')
    project.remove()

    expect(status).toBe(1)
    expect(output.trim()).toBe('The packages are not installed: run "npm ci" first.')
  })

  it('that its Node is too old', async () => {
    const project = aProject()
    const old = `data:text/javascript,Object.defineProperty(process.versions, 'node', { value: '20.20.2' })`

    const { status, stderr } = await run(
      process.execPath,
      '--import',
      old,
      path.join(project.dir, 'src/cli/main.js'),
      'start',
    )
    project.remove()

    expect(status).toBe(1)
    expect(stderr.trim()).toMatch(
      /^This is Node 20\.20\.2, and 22\.18 or newer is needed: run "npm ci" .*\.$/,
    )
  })
})
