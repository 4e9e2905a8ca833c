// `npm run relay` against a running relay: the simulator, lists, status, tail.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type EventId, idOfKey, KEYS_PER_MS, keyOfId } from '../../../src/core/id.ts'
import { aProject, begin, command, freePort, type Running, tamperWith } from '../project.ts'

const project = aProject()
let relay: Running
let port: number
let url: string

const run = (...args: string[]) => command(project.dir, 'relay', ...args, '--url', url)

const tamper = (sql: string) => tamperWith(path.join(project.dir, '.state'), sql)

async function startRelay(): Promise<void> {
  relay = begin(project.dir, 'start', '--port', String(port), '--persist-to', '.state')
  await relay.until(/Ctrl-C ends everything/)
}
async function stopRelay(): Promise<void> {
  relay.child.kill('SIGINT')
  await once(relay.child, 'close')
}

beforeAll(async () => {
  port = await freePort()
  url = `http://127.0.0.1:${port}`
  await startRelay()
})
afterAll(async () => {
  await stopRelay()
  project.remove()
})

describe('simulate', () => {
  it('sends one message with the fields that were set', async () => {
    const { status, output } = await run(
      'simulate',
      'payment.created',
      '--source',
      'hype',
      '--set',
      'email=ana@example.com',
      '--set',
      'data.total=4250',
    )

    expect(output).toMatch(
      /^member 1 .* 202 +evt_\w{11} +accepted +payment\.created\n1 message sent: 1 accepted\.\n$/,
    )
    expect(status).toBe(0)
    await relay.until(/verified +payment\.created/)
  })

  it('sends journeys of both vendors, and the same ones for the same seed', async () => {
    const { status, output } = await run('simulate', '--journey', '--members', '2', '--seed', 'one')
    const again = await run('simulate', '--journey', '--members', '2', '--seed', 'one', '--json')

    expect(output).toMatch(/^hapana: \d+ messages, seed one, start \d{4}-/)
    expect(output).toMatch(/^hype: \d+ messages, seed one, start /m)
    expect(status).toBe(0)
    const types = (text: string) =>
      [...text.matchAll(/^member \d .*? {2}(\w[\w.]+) +202/gm)].map(([, t]) => t)
    const { steps } = JSON.parse(again.output) as { steps: { vendortype: string }[] }
    expect(steps.map(({ vendortype }) => vendortype)).toEqual(types(output))
  })

  it.each([
    [['payment.created'], 'Missing --source (hapana, hype, …).'],
    [
      ['refund', '--source', 'hype'],
      '"refund" is not an event type of hype. Its types: contact.created,',
    ],
    [['--journey', '--source', 'nobody'], 'There is no source "nobody", or it is disabled.'],
    [['--journey', '--members', 'many'], '--members must be a number of at least 0, not "many".'],
    [['--journey', '--set', 'a=b'], '--set cannot be combined with --journey.'],
    [['payment.created', '--source', 'hype', '--members', '2'], '--members needs --journey.'],
    [[], 'Pass either a message type or --journey: see "relay simulate --help".'],
  ])('gives an error for %j', async (args, words) => {
    const { status, output } = await run('simulate', ...args)

    expect(output).toContain(words)
    expect(status).toBe(2)
  })
})

describe('events and deliveries', () => {
  it('lists events by several filters, and shows one in full', async () => {
    const secrets = readFileSync(path.join(project.dir, '.dev.vars'), 'utf8')
    const [, key] = /^HYPE_SECRET="(.+)"$/m.exec(secrets) ?? []
    const payment = {
      id: 'c',
      publisher_id: 'p',
      type: 'payment.created',
      timestamp: 1_795_212_900,
    }
    await fetch(`${url}/in/hype?key=${key}`, {
      method: 'POST',
      body: JSON.stringify({ ...payment, email: 'ana@example.com', data: { total: 4250 } }),
    })
    const listed = await run(
      'events',
      '--type',
      'payment.*',
      '--source',
      'hype',
      '--email',
      'ANA@example.com',
    )
    const [id = ''] = /evt_\w{11}/.exec(listed.output) ?? []
    await relay.until(new RegExp(`verified.*${id}`))
    const whole = await run('event', id)
    const json = JSON.parse(
      (await run('events', '--status', 'accepted', '--limit', '3', '--json')).output,
    )

    expect(listed.output).toMatch(
      /^received \(UTC\) +event +source +type +status +deliveries +subject\n/,
    )
    expect(listed.output.trim().split('\n')).toHaveLength(2)
    expect(whole.output).toMatch(
      /^evt_\w{11} {2}payment\.created {2}accepted\nfrom hype \(payment\.created\)/,
    )
    expect(whole.output).toMatch(/"total": 4250/)
    expect(whole.output).toMatch(/example: delivered\nattempt +at .*\n +1 +\d{4}-/)
    expect(json.events).toHaveLength(3)
  })

  it('lists deliveries', async () => {
    await expect
      .poll(
        async () => (await run('deliveries', '--type', 'payment.*', '--target', 'example')).output,
        {
          timeout: 20_000,
          interval: 500,
        },
      )
      .toMatch(/payment\.created +example +delivered +1 +[\d:]{8} +204/)
    expect((await run('deliveries', '--state', 'dead')).output).toBe('No deliveries match.\n')
  })

  it('lists what was asked for in the columns that were asked for, and as CSV', async () => {
    const some = await run('events', '--limit', '1', '--columns', 'type,event')
    const csv = await run('deliveries', '--limit', '1', '--csv')
    const failed = await run('deliveries', '--state', 'failed')

    expect(some.output).toMatch(/^type +event\n\S+ +evt_\w+\n$/)
    expect(csv.output).toMatch(
      /^event,type,target,state,attempts,attempted,result,next,reason,received\r\nevt_\w+,[\w.]+,example,\w+,\d,/,
    )
    expect(failed.output).toBe('No deliveries match.\n')
  })

  it('says why an event is what it is', async () => {
    const { output } = await run('events', '--type', 'payment.created', '--limit', '1', '--json')
    const [event] = JSON.parse(output).events as { id: string }[]
    const why = await run('why', event?.id ?? '')

    expect(why.output).toMatch(/^Hype sent payment\.created.*\.\n\nfield +value +reason\ntype:/)
    expect(why.output).toMatch(/\nexample: delivered, answered 204 at \S+Z\n$/)
  })

  it('gives an error as JSON with --json', async () => {
    const { status, output } = await run('event', 'evt_1', '--json')

    expect(JSON.parse(output)).toEqual({ error: 'No event has this ID.' })
    expect(status).toBe(2)
  })

  it.each([
    [
      ['events', '--columns', 'colour'],
      'There is no column "colour". Columns: received, event, source, type, status, deliveries, subject, person, vendor type.',
    ],
    [
      ['events', '--status', 'lost'],
      'status must be one of accepted, quarantined, duplicate, inferred.',
    ],
    [['events', '--limit', 'all'], '--limit must be a whole number of at least 1, not "all".'],
    [['deliveries', '--person', 'ana'], 'person must be a person ID (per_…).'],
    [['event', 'evt_1'], 'No event has this ID.'],
  ])('gives an error for %j', async (args, words) => {
    expect(await run(...args)).toMatchObject({ status: 2, output: `${words}\n` })
  })
})

describe('status', () => {
  it('succeeds when there is no problem', async () => {
    const { status, output } = await run('status')

    expect(output).toMatch(/^All is well\.\n\nsource .*\nhapana +active/)
    expect(output).toMatch(/^hype +active .*\/in\/hype\?key=SECRET$/m)
    expect(output).toMatch(/^example +active/m)
    expect(status).toBe(0)
  })

  it('shows a test as the last event of a source that the vendor has not used yet', async () => {
    await fetch(`${url}/cdn-cgi/handler/scheduled?cron=${encodeURIComponent('* * * * *')}`)
    const { output } = await run('status')

    expect(output).toMatch(/^hapana +active +[\d:]{8} \(test\) +\d+ /m)
    expect(output).toMatch(
      /\nUpdated \S+Z; "received" is current and includes test events, "last seen" leaves them out\.\n$/,
    )
  })

  it('begins with what needs attention, and fails', async () => {
    await run('pause', 'example')
    const { status, output } = await run('status')
    await run('resume', 'example')

    expect(output).toMatch(/^! example is paused.*\.\n/)
    expect(status).toBe(1)
  })
})

describe('tail', () => {
  it('shows new events, and after a lost connection the missed ones', async () => {
    const tail = begin(project.dir, 'relay', 'tail', '-n', '0', '--url', url)
    await tail.until(/Waiting for events/)
    await run('simulate', 'contact.created', '--source', 'hype')
    await tail.until(/evt_\w{11} +hype +contact\.created +→ 1/)

    await stopRelay()
    await tail.until(/Connection lost\. Retrying…/)
    await startRelay()
    await run('simulate', 'checkIn', '--source', 'hapana')
    await tail.until(/Reconnected after \d+ s; (missed [12] lines?:|nothing was missed\.)\n/)
    const [line = ''] = await tail.until(/evt_\w{11} +hapana +checkin\.recorded/)
    tail.child.kill('SIGINT')
    await once(tail.child, 'close')

    expect(tail.output().split(line)).toHaveLength(2)
    expect(tail.output().match(/contact\.created/g)).toHaveLength(1)
  })

  it('begins with the latest, and shows deliveries when it is asked for a target', async () => {
    const events = begin(project.dir, 'relay', 'tail', '-n', '3', '--url', url)
    const deliveries = begin(
      project.dir,
      'relay',
      'tail',
      '-n',
      '1',
      '--target',
      'example',
      '--url',
      url,
    )
    await events.until(/Waiting for events/)
    await deliveries.until(/Waiting for events/)
    const before = [events, deliveries].map(({ output }) => output().match(/evt_\w+/g)?.length)
    await run('simulate', 'contact.created', '--source', 'hype')
    await deliveries.until(/example +contact\.created +delivered +204 \(attempt 1\)/)
    for (const { child } of [events, deliveries]) child.kill('SIGINT')

    expect(before).toEqual([3, 1])
  })

  it('uses the clock of the relay, and ends when its output is closed', async () => {
    const ahead = 'const now = Date.now; Date.now = () => now() + 600_000'
    process.env.NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(ahead)}`
    const tail = begin(project.dir, 'relay', 'tail', '-n', '0', '--url', url)
    delete process.env.NODE_OPTIONS
    await tail.until(/Waiting for events/)
    await run('simulate', 'contact.created', '--source', 'hype')
    await tail.until(/evt_\w{11} +hype +contact\.created/)

    const ended = once(tail.child, 'close') // it may end before the command that sends has
    tail.child.stdout?.destroy()
    await run('simulate', 'contact.updated', '--source', 'hype')
    const [status] = await ended

    expect(status).toBe(0)
    expect(tail.output()).not.toMatch(/EPIPE|Error/)
  })

  it('shows every event of many, and one that is stored late at an earlier position', async () => {
    const { output } = await run('simulate', 'payment.created', '--source', 'hype')
    const [first = ''] = /evt_\w{11}/.exec(output) ?? []
    const tail = begin(project.dir, 'relay', 'tail', '-n', '0', '--url', url)
    await tail.until(/Waiting for events/)
    const { steps } = JSON.parse(
      (await run('simulate', '--journey', '--members', '30', '--source', 'hype', '--json')).output,
    ) as { steps: { answer: { id: string } }[] }
    for (const { answer } of steps) await tail.until(new RegExp(answer.id))
    // Like an event from the spill queue: it is stored after events that were received later.
    tamper(`UPDATE events SET key = key - ${KEYS_PER_MS} WHERE key = ${keyOfId(first as EventId)}`)
    const late = idOfKey(Number(keyOfId(first as EventId)) - KEYS_PER_MS)
    await tail.until(new RegExp(late))
    tail.child.kill('SIGINT')

    expect(steps.length).toBeGreaterThan(200)
    expect(
      tail
        .output()
        .match(/evt_\w{11}/g)
        ?.filter((id) => id === late),
    ).toHaveLength(1)
  })
})

describe('the OpenAPI document', () => {
  it('is valid by an independent validator', async () => {
    const validator = new Validator()

    const result = await validator.validate(
      (await (await fetch(`${url}/openapi.json`)).json()) as Record<string, unknown>,
    )

    expect(result.errors).toBeUndefined()
    expect(result.valid).toBe(true)
    expect(validator.version).toBe('3.1')
  })
})

describe('check', () => {
  it('checks wrangler.toml, and asks the relay only with --url', async () => {
    const { status, output } = await command(project.dir, 'relay', 'check')

    expect(output).toContain('hapana')
    expect(status).toBe(0)
    expect(JSON.parse((await run('check', '--json')).output)).toEqual({ errors: [], notes: [] })
    expect((await run('check')).output).not.toContain('npm run check -- --url')
  })
})
