// `npm run check -- --url …`: the schema drift of a running relay.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aProject, begin, command, freePort, type Running, tamperWith } from '../project.ts'

const project = aProject()
let relay: Running
let url: string

const check = (...args: string[]) => command(project.dir, 'check', ...args)
const tick = () => fetch(`${url}/cdn-cgi/handler/scheduled?cron=*+*+*+*+*`)

/** Copies the one event of the log to some days ago, with a changed payload. */
function remember(copies: number, daysAgo: number, change: string) {
  const columns =
    'source, vendor, status, type, vendor_type, planned, hops, dedup_key, encoding, headers'
  tamperWith(
    path.join(project.dir, '.state'),
    `WITH RECURSIVE copy(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM copy WHERE i + 1 < ${copies})
     INSERT INTO events (key, ${columns}, raw)
     SELECT last - (${daysAgo} * 86400000 - i) * 2097152, ${columns}, ${change}
     FROM copy, events, (SELECT max(key) AS last FROM events) WHERE key = last`,
  )
}

beforeAll(async () => {
  const port = await freePort()
  url = `http://127.0.0.1:${port}`
  relay = begin(
    project.dir,
    'start',
    '--port',
    String(port),
    '--persist-to',
    '.state',
    '--no-receiver',
  )
  await relay.until(/Ctrl-C ends everything/)
  const secrets = readFileSync(path.join(project.dir, '.dev.vars'), 'utf8')
  const [, secret] = /^HYPE_SECRET="(.+)"$/m.exec(secrets) ?? []
  const response = await fetch(`${url}/in/hype?key=${secret}`, {
    method: 'POST',
    body: JSON.stringify({ id: 'c', publisher_id: 'p', type: 'payment.created', timestamp: 1e9 }),
  })
  expect(response.status).toBe(202)
})
afterAll(async () => {
  relay.child.kill('SIGINT')
  await once(relay.child, 'close')
  project.remove()
})

describe('npm run check -- --url', () => {
  it('reports that nothing was analyzed yet, then no findings, then the findings', async () => {
    const before = await check('--url', url)
    expect(before.output).toContain('The configuration is valid.')
    expect(before.output).toMatch(/^SCHEMA DRIFT at http:\/\/127\.0\.0\.1:\d+ since 20/m)
    expect(before.output).toMatch(/^No messages have been analyzed yet\.$/m)
    expect(before.status).toBe(0)

    remember(20, 5, 'raw')
    await tick()
    const learned = await check('--url', url)
    expect(learned.output).toMatch(
      /^No findings in 20 messages of 1 type; 1 type still being learned\.$/m,
    )

    remember(1, 2, `json_set(raw, '$.tax', 10, '$.timestamp', 'today')`)
    await tick()
    const { status, output } = await check('--url', url)
    expect(output).toMatch(
      /^source +type +finding +key +JSON type +noticed +count +last seen\nhype +payment\.created +new +tax +number +20\S+Z +1 +20\S+Z$/m,
    )
    expect(output).toMatch(/^hype +payment\.created +changed +timestamp +number → string +20/m)
    expect(output).toMatch(/^2 findings in 21 messages of 1 type\.$/m)
    expect(status).toBe(0)
  })

  it('says what is owed to a target that wrangler.toml does not have', async () => {
    const nothing = await check('--url', url)
    expect(nothing.output).toMatch(
      /^No deliveries are owed to a target that this configuration does not have\.$/m,
    )
    tamperWith(
      path.join(project.dir, '.state'),
      `UPDATE deliveries SET target = 'renamed', state = 'held', reason = 'unknown';
       UPDATE segments SET counted = 0`,
    )
    await tick()

    const { status, output } = await check('--url', url)

    expect(output).toMatch(
      /^OWED\n {2}1 delivery is owed to "renamed", which this configuration does not have: it is held for a day after/m,
    )
    expect(status).toBe(0)
  })

  it('shows the configuration, and an error if the relay does not answer', async () => {
    const { status, output } = await check('--url', 'http://127.0.0.1:9')

    expect(output).toContain('The configuration is valid.')
    expect(output).toMatch(/No relay answers at http:\/\/127\.0\.0\.1:9: start it with/)
    expect(status).toBe(1)
  })

  it.each([
    [
      ['--url', 'https://relay.example'],
      'No token: set RELAY_TOKEN to the relay\'s ADMIN_TOKEN, or run "relay login https://relay.example".',
    ],
    [['--url', 'relay'], '--url must start with https:// or http://, not "relay".'],
    [['--urll', 'x'], "error: unknown option '--urll'"],
  ])('%j gives a one-sentence error', async (args, words) => {
    const { status, output } = await check(...args)

    expect(output).toContain(words)
    expect(status).toBe(1)
  })
})

it('shows how to see schema drift when no relay is named', async () => {
  const { status, output } = await check()

  expect(output).toContain(
    'To see schema drift, and what is owed to removed targets: npm run check -- --url <relay URL>',
  )
  expect(status).toBe(0)
})
