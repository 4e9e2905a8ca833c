// `npm run relay` against a running relay: targets, replays, people, the quarantine; verifying a delivery.
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aProject, begin, command, freePort, type Running } from '../project.ts'

const project = aProject()
let relay: Running
let url: string
let secrets: Record<string, string>

const run = (...args: string[]) => command(project.dir, 'relay', ...args, '--url', url)

/** Sends a message of Hype to its ingest URL. Returns the id of the event. */
async function send(body: object): Promise<string> {
  const response = await fetch(`${url}/in/hype?key=${secrets.HYPE_SECRET}`, {
    method: 'POST',
    body: JSON.stringify(body),
  })
  expect(response.status).toBe(202)
  return ((await response.json()) as { id: string }).id
}
const aPayment = (id: string, total = 100) => ({
  id,
  email: 'ana@example.com',
  publisher_id: 'p',
  type: 'payment.created',
  timestamp: 1_795_212_900,
  data: { tier: 'Gold', total },
})

beforeAll(async () => {
  const port = await freePort()
  url = `http://127.0.0.1:${port}`
  relay = begin(project.dir, 'start', '--port', String(port), '--persist-to', '.state')
  await relay.until(/Ctrl-C ends everything/)
  const file = readFileSync(path.join(project.dir, '.dev.vars'), 'utf8')
  secrets = Object.fromEntries([...file.matchAll(/^(\w+)="(.+)"$/gm)].map(([, k, v]) => [k, v]))
})
afterAll(async () => {
  relay.child.kill('SIGINT')
  await once(relay.child, 'close')
  project.remove()
})

describe('targets', () => {
  it('are listed with their state, which sets the exit status', async () => {
    const { status, output } = await run('targets')

    expect(output).toMatch(/^target +state .*\nexample +active/)
    expect(status).toBe(0)
  })

  it('are paused and resumed', async () => {
    expect(await run('pause', 'example')).toMatchObject({
      status: 0,
      output: 'example is paused.\n',
    })
    expect((await run('targets')).status).toBe(1)
    expect(await run('resume', 'example')).toMatchObject({
      status: 0,
      output: 'example is active.\n',
    })
  })

  it('are tested: the receiver verifies the test event, and its answer shows that it was read', async () => {
    const { status, output } = await run('test', 'example')

    const [, code = 'none'] = /relay\.test (\w{8})\n/.exec(output) ?? []
    expect(output.replace(/after \d+ ms/, 'after 1 ms')).toMatch(
      new RegExp(
        `^example answered 200 after 1 ms: relay\\.test ${code}\nThe answer has the type and the code of the event \\(${code}\\): .*\nDetails: relay event evt_\\w{11}\n$`,
      ),
    )
    expect(status).toBe(0)
    await relay.until(/verified +relay\.test/)
  })

  it('that do not exist are refused', async () => {
    expect(await run('test', 'nobody')).toMatchObject({
      status: 2,
      output: 'Unknown target: nobody.\n',
    })
  })
})

describe('replay', () => {
  it('resends one event', async () => {
    const id = await send(aPayment('one'))
    await relay.until(new RegExp(`verified.*${id}`))

    const dry = await run('replay', id, '--dry-run')
    const wet = await run('replay', id)

    expect(dry.output).toBe(`${id} would be resent to example.\n`)
    expect(wet.output).toBe(`${id} is queued again for example.\n`)
    await relay.until(new RegExp(`${id}.*attempt 2`))
  })

  it('shows how many deliveries match, then resends them and waits for the end', async () => {
    const filter = ['--type', 'payment.*', '--since', '1h']
    const dry = await run('replay', ...filter, '--dry-run')
    const wet = await run('replay', ...filter)
    const list = await run('replay', 'list')

    expect(dry.output).toMatch(/^1 delivery of 1 person:\n(.*\n)*type +payment\.created +1\n/)
    expect(wet.output).toMatch(/rpl_\w{11} is done: 1 of 1 delivery queued\.\n$/)
    expect(list.output).toMatch(/^rpl_\w{11} +done +1 +1 /m)
  })

  it('does not resend more than a hundred without --yes', async () => {
    for (let i = 0; i < 2; i++) {
      const list = Array.from({ length: 60 }, (_, n) => aPayment(`many-${i}-${n}`))
      await fetch(`${url}/in/hype?key=${secrets.HYPE_SECRET}`, {
        method: 'POST',
        body: JSON.stringify(list),
      })
    }
    await expect
      .poll(async () => (await run('ledger', '--json')).output, { timeout: 30_000, interval: 500 })
      .toMatch(/"delivered": 12[12]/)

    const { status, output } = await run('replay', '--type', 'payment.created')

    expect(output).toMatch(/12\d deliveries match: pass --yes to resend all the same\.\n$/)
    expect(status).toBe(2)
  })

  it('of one event to a target that never wanted it needs a yes, and is recorded as of the command line', async () => {
    await run('pause', 'example')
    await run('resume', 'example')
    const acts = await run('events', '--type', 'relay.operator_acted', '--json')
    const { id } = JSON.parse(acts.output).events[0]
    const refused = await run('replay', id, '--target', 'example')
    const dry = await run('replay', id, '--target', 'example', '--dry-run')
    const sent = await run('replay', id, '--target', 'example', '--yes')

    expect(refused).toMatchObject({
      status: 2,
      output: `example never wanted ${id}: pass --yes to resend all the same.\n`,
    })
    expect(dry.output).toBe(`${id} would be resent to example (example never wanted it).\n`)
    expect(sent.output).toBe(`${id} is queued again for example.\n`)
    expect((await run('event', id)).output).toContain('"via": "command line"')
  })

  it('sends nothing if no delivery matches', async () => {
    const filter = ['--type', 'checkin.*']

    for (const args of [filter, [...filter, '--dry-run']]) {
      expect(await run('replay', ...args)).toEqual({ status: 0, output: 'No deliveries match.\n' })
    }
  })

  it('refuses a missing or unknown event, and an invalid filter', async () => {
    expect((await run('replay')).output).toContain(
      'Missing event (evt_…) or filter: see "relay replay --help".',
    )
    expect((await run('replay', 'evt_00000000000')).output).toBe('No event has this ID.\n')
    expect((await run('replay', '--state', 'lost')).output).toContain(
      'filter.state must be one of held',
    )
  })
})

describe('people', () => {
  it('are found by address, contact and id, and can be split and merged', async () => {
    await send(aPayment('left'))
    await send(aPayment('right'))
    const personOf = async (text: string) =>
      /per_\w{11}/.exec((await run('people', text)).output)?.[0] ?? ''
    const [left, right] = [await personOf('left'), await personOf('right')]
    expect((await run('people', 'ANA@example.com')).output).toMatch(/^per_\w{11}\nsource +contact/)
    expect(right).not.toBe(left)

    const merged = await run('people', 'merge', left, right)
    const [one, other] = [await personOf('left'), await personOf('right')]
    const split = await run(
      'people',
      'split',
      one,
      '--source',
      'hype',
      '--contact',
      'right',
      '--account',
      'p',
    )

    expect(merged.output).toMatch(/^hype +right +p +ana@example\.com/m)
    expect(other).toBe(one)
    expect(split.output).toMatch(/^per_\w{11}\nsource +contact +account +e-mail +sites\n/)
    expect(await personOf('right')).not.toBe(one)
  })

  it('that are not found give the exit status 1', async () => {
    expect(await run('people', 'nobody@example.com')).toMatchObject({
      status: 1,
      output:
        'No match for "nobody@example.com". Search by full e-mail address, vendor contact id or per_… (names cannot be searched).\n',
    })
  })
})

describe('quarantine', () => {
  it('lists causes, releases no message that is still not understood, and dismisses with a reason', async () => {
    expect(await run('quarantine')).toMatchObject({
      status: 0,
      output: 'The quarantine is empty.\n',
    })
    const id = await send({ strange: true })

    const listed = await run('quarantine')
    const released = await run('quarantine', 'release', id)
    const dismissed = await run('quarantine', 'dismiss', id, '--reason', 'a test of ours')

    expect(listed).toMatchObject({ status: 1, output: expect.stringContaining(id) })
    expect(released).toMatchObject({
      status: 1,
      output: expect.stringContaining(`${id}  still not understood: `),
    })
    expect(dismissed).toMatchObject({ status: 0, output: '1 message dismissed.\n' })
    expect((await run('quarantine')).status).toBe(0)
  })
})

describe('verify', () => {
  it('verifies a delivery in a file', async () => {
    const file = path.join(project.dir, 'delivery.http')
    const lines = ['POST / HTTP/1.1', 'webhook-id: evt_1', 'webhook-timestamp: 1', '', '{}']
    writeFileSync(file, lines.join('\r\n'))
    const secret = secrets.EXAMPLE_SIGNING_SECRET ?? ''

    const { status, output } = await run('verify', file, '--secret', secret)

    expect(output).toBe('header missing: Not found: webhook-signature.\n')
    expect(status).toBe(1)
    expect((await run('verify', file)).output).toContain('Missing secret: pass --secret whsec_…')
    expect(await run('verify', file, '--secret', 'whsec_abcde')).toEqual({
      status: 2,
      output: 'Invalid secret: it must be whsec_ and base64 of 24 to 64 random bytes.\n',
    })
    expect((await run('verify', 'nowhere', '--secret', secret)).output).toContain('cannot be read')
  })

  it('generates a secret', async () => {
    const { output } = await run('secret')

    expect(output).toMatch(/^whsec_[A-Za-z0-9+/]{43}=\n$/)
    expect(JSON.parse((await run('secret', '--json')).output)).toEqual({
      secret: expect.stringMatching(/^whsec_/),
    })
  })
})
