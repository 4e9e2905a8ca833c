// An export of a large log and its import into a fresh relay, by the commands: how long they take, and whether the two logs
// are the same, to the byte.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { readExport } from '../../src/cli/backup/read.ts'
import { isRowLine } from '../../src/core/ledger/export-lines.ts'
import { sendTemplates } from './growth.ts'
import type { Bench, Options } from './tools/bench.ts'
import { growLog } from './tools/grown-log.ts'
import { trafficOf } from './tools/messages.ts'
import { type RunningWorker, SECRETS, startRuntime } from './tools/runtime.ts'

const MAIN = path.join(import.meta.dirname, '../../src/cli/main.js')
const EVENTS = 100_000
const MAIL_BYTES = 800_000

/** Runs a command of the relay, and returns how many seconds it took. */
async function relay(worker: RunningWorker, ...args: string[]): Promise<number> {
  const begin = performance.now()
  const child = spawn(process.execPath, [MAIN, 'relay', ...args, '--url', worker.url], {
    env: { ...process.env, RELAY_TOKEN: SECRETS.ADMIN_TOKEN },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const [status] = await once(child, 'close')
  if (status !== 0) throw new Error(`${args[0]} ended with ${status}`)
  return (performance.now() - begin) / 1000
}

async function fill(worker: RunningWorker, { seed, progress }: Options): Promise<void> {
  const traffic = (vendor: 'hype' | 'hapana', type: string) =>
    trafficOf(vendor, type, { seed, members: 200, now: Date.now() })
  const checkIn = traffic('hapana', 'checkIn')
  await sendTemplates(worker, [traffic('hype', 'payment.created'), checkIn])
  await growLog(worker.db, EVENTS, { before: Date.now() - 300_000, progress })
  const mail = {
    eventType: 'outboundMessage',
    clientID: 'member',
    siteID: 'site',
    messageId: 'mail',
    communicationType: 'Email',
    // Nine bytes a word.
    message: `<p>${'„ä“ '.repeat(MAIL_BYTES / 9)}</p>`,
  }
  const { path, headers } = checkIn
  const body = JSON.stringify(mail)
  const { status } = await fetch(worker.url + path, { method: 'POST', headers, body })
  if (status !== 202) throw new Error(`the mail was answered ${status}`)
}

/** How many events of two files differ, but for deliveries that were not finished. */
async function differences(one: string, other: string): Promise<number> {
  let count = 0
  const [left, right] = [eventsOf(one), eventsOf(other)]
  for (;;) {
    const [a, b] = [await left.next(), await right.next()]
    if (a.done && b.done) return count
    if (a.value !== b.value) count++
  }
}

async function* eventsOf(file: string): AsyncGenerator<string> {
  for await (const { lines } of readExport(file)) {
    for (const line of lines) {
      if (isRowLine(line)) continue
      const { deliveries, ...event } = line as { source?: string; deliveries: { state: string }[] }
      // What the relay itself records of the import is in one of the two.
      if (event.source === 'relay') continue
      const finished = deliveries.filter(({ state }) => ['delivered', 'dead'].includes(state))
      yield JSON.stringify({ ...event, finished })
    }
  }
}

async function troubles({ url }: RunningWorker): Promise<number> {
  let count = 0
  for (let since: string | null = '1970-01-01'; since !== null; ) {
    const query = new URLSearchParams({ since })
    const headers = { authorization: `Bearer ${SECRETS.ADMIN_TOKEN}` }
    const response = await fetch(`${url}/api/ledger/differences?${query}`, { headers })
    const page = (await response.json()) as { differences: string[]; next: string | null }
    count += page.differences.length
    since = page.next
  }
  return count
}

async function run(options: Options) {
  const vars = { TARGETS: [{ name: 'crm', url: 'https://crm.example.com/' }] }
  const runtime = await startRuntime([
    { name: 'full', consumes: false, vars },
    { name: 'fresh', consumes: false, vars },
  ])
  const dir = mkdtempSync(path.join(tmpdir(), 'relay-backup-'))
  try {
    const { full, fresh } = runtime.workers
    if (full === undefined || fresh === undefined) throw new Error('did not start')
    await fill(full, options)
    const [file, again] = ['log', 'again'].map((name) => path.join(dir, `${name}.ndjson.gz`)) as [
      string,
      string,
    ]
    const exporting = await relay(full, 'export', file)
    const importing = await relay(fresh, 'import', file)
    await relay(fresh, 'export', again)
    const before = await troubles(full)
    const perSecond = (seconds: number) => Math.round(EVENTS / seconds)
    return {
      notes: [
        `${EVENTS.toLocaleString('en')} events with one target, and a mail of ${MAIL_BYTES / 1000} KB.`,
      ],
      tables: [
        {
          title: 'Export and import',
          columns: ['', 'seconds', 'events a second'],
          rows: [
            ['export', Math.round(exporting), perSecond(exporting)],
            ['import', Math.round(importing), perSecond(importing)],
          ],
        },
        {
          title: 'The file',
          columns: ['', 'bytes'],
          rows: [
            ['gzipped', statSync(file).size],
            ['an event', Math.round(statSync(file).size / EVENTS)],
          ],
        },
      ],
      goals: [
        { what: 'events that differ', figure: await differences(file, again), unit: '', atMost: 0 },
        {
          what: 'differences between ledger and log, more than before',
          figure: (await troubles(fresh)) - before,
          unit: '',
          atMost: 0,
        },
      ],
    }
  } finally {
    rmSync(dir, { recursive: true })
    await runtime.stop()
  }
}

export const backup: Bench = {
  summary: 'export of 100,000 events, and their import into a fresh relay',
  run,
}
