// `npm run relay -- export` and `import`: from a relay with thousands of events into a fresh one, whole, cut and damaged.
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { aProject, begin, command, freePort, type Running, tamperWith } from '../project.ts'

const PAYMENTS = 2000
const project = aProject()
let relay: Running
let url: string

/** Runs `npm run relay -- …` against the relay that runs. */
const run = (...args: string[]) => command(project.dir, 'relay', ...args, '--url', url)
const fileOf = (name: string) => path.join(project.dir, name)
const file = fileOf('log.ndjson.gz')

async function start(state: string): Promise<void> {
  const port = await freePort()
  url = `http://127.0.0.1:${port}`
  relay = begin(project.dir, 'start', '--port', String(port), '--persist-to', state)
  await relay.until(/Ctrl-C ends everything/)
}

async function stop(): Promise<void> {
  relay.child.kill('SIGINT')
  await once(relay.child, 'close')
}

function secret(name: string): string {
  const secrets = readFileSync(fileOf('.dev.vars'), 'utf8')
  return new RegExp(`^${name}="(.+)"$`, 'm').exec(secrets)?.[1] ?? ''
}

async function send(to: string, body: object, headers: Record<string, string> = {}): Promise<void> {
  const response = await fetch(`${url}${to}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers,
  })
  expect(response.status).toBe(202)
}

const MAIL = `<html>${'„Grüße“ "quoted" 😀\u2028 '.repeat(26_000)}</html>`

async function fill(): Promise<void> {
  for (let i = 0; i < PAYMENTS; i += 100) {
    const payments = Array.from({ length: 100 }, (_, n) => ({
      id: `member-${(i + n) % 700}`,
      publisher_id: 'publisher',
      email: `member-${(i + n) % 700}@example.com`,
      type: 'payment.created',
      data: { tier: 'Gold', total: 100 + i + n },
      timestamp: 1_780_000_000 + 600 * (i + n),
    }))
    await send(`/in/hype?key=${secret('HYPE_SECRET')}`, payments)
  }
  const mail = {
    eventType: 'outboundMessage',
    clientID: 'c',
    siteID: 's',
    messageId: 'm',
    communicationType: 'Email',
    message: MAIL,
  }
  expect(Buffer.byteLength(JSON.stringify(mail))).toBeGreaterThan(800_000)
  await send('/in/hapana', mail, { 'x-relay-key': secret('HAPANA_SECRET') })
}

/** The numbers of the ledger, which waits until every delivery is finished. */
async function ledger(): Promise<Record<string, unknown>> {
  const { output } = await run('ledger', '--since', '1970-01-01', '--verify', '--json')
  const { sources, targets, adds_up, verified } = JSON.parse(output)
  return { sources, targets, adds_up, verified }
}

const exportLines = (name: string) =>
  gunzipSync(readFileSync(fileOf(name)))
    .toString()
    .split('\n')
    .slice(0, -1)

let before: Record<string, unknown>
let lines: string[]

beforeAll(async () => {
  await start('.state')
  await fill()
  await vi.waitFor(
    async () => expect(JSON.stringify(await ledger())).toMatch(/"delivered":2001,/),
    {
      timeout: 120_000,
      interval: 3000,
    },
  )
  // One that was not finished, one that an operator dismissed, and a person who was split from another.
  tamperWith(
    fileOf('.state'),
    `UPDATE deliveries SET state = 'held', reason = 'paused' WHERE event = (SELECT min(event) FROM deliveries)`,
  )
  before = await ledger()
  const exported = await run('export', file)
  expect(exported).toMatchObject({ status: 0 })
  expect(exported.output).toMatch(/2,?001 events and \d+ other rows written to/)
  lines = exportLines('log.ndjson.gz')
  await stop()
  await start('.other')
}, 300_000)

afterAll(async () => {
  await stop()
  project.remove()
})

describe('a file that is not whole', () => {
  const events = async () => JSON.parse((await run('events', '--json')).output).events ?? []
  const write = (name: string, text: string | Buffer) => {
    writeFileSync(fileOf(name), text)
    return fileOf(name)
  }

  it('is refused by the line, and leaves nothing', async () => {
    const whole = `${lines.join('\n')}\n`
    const damaged = [...lines]
    damaged[1500] = (lines[1500] as string).replace('Gold', 'Gald')
    const cut = readFileSync(file)
    const files: [string, RegExp][] = [
      [
        write('cut.ndjson', whole.slice(0, whole.length / 2)),
        /cut\.ndjson, line \d+: is not the last line of an export: the file was cut/,
      ],
      [
        write('cut.ndjson.gz', cut.subarray(0, cut.length / 2)),
        /cut\.ndjson\.gz, after line \d+: cannot be unpacked/,
      ],
      [write('endless.ndjson', `${lines.slice(0, -1).join('\n')}\n`), /the file was cut/],
      [
        write('damaged.ndjson', `${damaged.join('\n')}\n`),
        /damaged\.ndjson, line \d+: the checksum of the lines \d+ to \d+ is wrong/,
      ],
      [
        write('less.ndjson', `${lines.filter((_, n) => n !== 700).join('\n')}\n`),
        /checksum of the lines/,
      ],
      [write('more.ndjson', `${whole}{}\n`), /there is something after the last line/],
      [write('nonsense.ndjson', 'nonsense\n'), /nonsense\.ndjson, line 1/],
    ]
    for (const [name, words] of files) {
      const { status, output } = await run('import', name)
      expect([name, status, output]).toEqual([name, 2, expect.stringMatching(words)])
    }
    expect(await events()).toEqual([])
  })
})

describe('an import', () => {
  it('that is stopped goes on, and gives the same log with nothing delivered again', async () => {
    const importing = begin(project.dir, 'relay', 'import', file, '--url', url)
    await importing.until(/ of \d+ …/)
    importing.child.kill('SIGKILL')
    await once(importing.child, 'close')

    const { status, output } = await run('import', file)

    expect(output).toMatch(
      /are there already\.[\s\S]*2,?001 events and \d+ other rows of .* are in the log\./,
    )
    expect(status).toBe(0)
    const after = await ledger()
    expect(after).toMatchObject({ adds_up: true, verified: [] })
    const held = JSON.stringify(before)
      .replace('"held":1', '"held":0')
      .replace('"cancelled":0', '"cancelled":1')
    const own = JSON.stringify({
      ...after,
      sources: (after.sources as { source: string }[]).filter(({ source }) => source !== 'relay'),
    })
    expect(own).toBe(held)
    expect(relay.output()).not.toMatch(/receiver.*verified/)
    const again = await run('export', fileOf('again.ndjson.gz'))
    expect(again.status).toBe(0)
    const isEvent = (line: string) =>
      line.startsWith('{"v":1') && !line.includes('"source":"relay"')
    const finished = lines.filter(isEvent).slice(1)
    expect(exportLines('again.ndjson.gz').filter(isEvent).slice(1)).toEqual(finished)
    expect(finished.some((line) => line.length > 800_000)).toBe(true)
  })

  it('is done once, and refused for another file', async () => {
    const same = await run('import', file)
    const other = await run('import', fileOf('again.ndjson.gz'))

    expect(same).toMatchObject({ status: 0 })
    expect(other.status).toBe(2)
    expect(other.output).toMatch(/Another file was imported into this relay/)
  })
})

describe('an export', () => {
  it('that was stopped goes on after its last block', async () => {
    const name = fileOf('stopped.ndjson')
    const whole = await run('export', fileOf('whole.ndjson'), '--until', '0m')
    const exporting = begin(project.dir, 'relay', 'export', name, '--url', url)
    await expect
      .poll(() => existsSync(`${name}.progress`), { timeout: 60_000, interval: 5 })
      .toBe(true)
    exporting.child.kill('SIGKILL')
    await once(exporting.child, 'close')
    expect(existsSync(name)).toBe(false)
    // What is behind the last block is not believed.
    writeFileSync(`${name}.part`, '{"half', { flag: 'a' })

    const refused = await run('export', name, '--since', '1h')
    const { status } = await run('export', name)

    expect(whole.status).toBe(0)
    expect(refused.output).toMatch(/unfinished export of another period/)
    expect(status).toBe(0)
    const eventsIn = (text: string) => text.split('\n').filter((line) => line.startsWith('{"v":1'))
    expect(eventsIn(readFileSync(name, 'utf8')).length).toBeGreaterThanOrEqual(2001)
    expect(eventsIn(readFileSync(name, 'utf8')).slice(0, 2001)).toEqual(
      eventsIn(readFileSync(fileOf('whole.ndjson'), 'utf8')).slice(0, 2001),
    )
    expect((await run('export', name)).output).toMatch(/exists: choose another name/)
  })
})
