// `npm run pack-tools`: the commands of docs/operate.md that read packs, run on packs that the code of the Worker writes. Needs
// jq, and the network for DuckDB (installed from PyPI into a temporary folder).
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { firstKeyAt } from '../../src/core/id.ts'
import { lineOf, type PackLine, writeLine } from '../../src/core/ledger/pack-line.ts'
import { objectName } from '../../src/store/events/packs/bytes.ts'
import { gzip } from '../../src/store/events/packs/gzip.ts'

const DUCKDB = 'duckdb-cli==1.5.6'
const ROOT = path.join(import.meta.dirname, '../..')
const START = Date.parse('2026-11-21T00:00:00.000Z')
const HOUR_MS = 3_600_000

/** The line of an event: some are failed payments, some have a dead delivery. */
function lineAt(time: number, i: number): PackLine {
  const type = i % 5 === 0 ? 'payment.failed' : 'checkin.recorded'
  const event = {
    type,
    data: { contact: { email: `member${i}@example.com` }, note: '“é”\n\u2028' },
  }
  return lineOf({
    event: {
      ...{
        key: String(BigInt(firstKeyAt(time)) + BigInt(i)),
        source: 'gym',
        vendor: 'hapana',
        status: 'accepted',
        type,
      },
      ...{
        vendor_type: type,
        contact: `client-${i % 7}`,
        planned: 1,
        hops: 0,
        dedup_key: `k${i}`,
        dedup_stamp: null,
      },
      ...{
        rung: null,
        matched: null,
        encoding: 'utf8',
        headers: '{"content-type":"application/json"}',
        issues: null,
      },
      ...{
        event: JSON.stringify(event),
        raw: `{"n": ${i}}\r\n`,
        at: time,
        event_name: null,
        dismissed: null,
      },
    },
    deliveries: [
      {
        ...{
          target: 'crm',
          state: i % 9 === 0 ? 'dead' : 'delivered',
          reason: null,
          attempt: 2,
          first: 1,
          due: null,
        },
        ...{
          attempts: '[{"attempt":1,"at":"2026-11-21T00:00:01.000Z","ms":80,"status":200}]',
          body: null,
        },
        ...{
          content_type: null,
          headers: null,
          replayed: 0,
          swept: null,
          lease_holder: null,
          lease_until: null,
        },
      },
    ],
  })
}

/** Writes two packs of several gzip members each into a folder; returns their lines. */
async function writePacks(folder: string): Promise<PackLine[]> {
  const all: PackLine[] = []
  for (const hour of [0, 1]) {
    const start = START + hour * HOUR_MS
    const lines = Array.from({ length: 300 }, (_, i) => lineAt(start + i * 1000, i))
    const members: Uint8Array[] = []
    for (let i = 0; i < lines.length; i += 100)
      members.push(
        await gzip(
          lines
            .slice(i, i + 100)
            .map(writeLine)
            .join(''),
        ),
      )
    const name = path.join(folder, objectName({ start, version: 1, place: 'r2' }, 0))
    mkdirSync(path.dirname(name), { recursive: true })
    writeFileSync(name, Buffer.concat(members))
    all.push(...lines)
  }
  return all
}

/** The commands of a section of a page: those of its blocks marked `sh`, by the tool that they use. */
function commandOf(tool: string): string {
  const page = readFileSync(path.join(ROOT, 'docs/operate.md'), 'utf8')
  const blocks = [...page.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, text = '']) => text)
  const command = blocks.find((text) => text.includes(`${tool} `) && text.includes('packs/'))
  if (command === undefined) throw new Error(`docs/operate.md has no command with ${tool}`)
  return command
}

function run(command: string, folder: string): string {
  return execFileSync('bash', ['-euc', command], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, PATH: `${folder}/tools/bin:${process.env.PATH}` },
  }).trim()
}

const folder = mkdtempSync(path.join(tmpdir(), 'relay-packs-'))
try {
  const lines = await writePacks(folder)
  const failed = lines.filter(({ type }) => type === 'payment.failed')
  const expected: Record<string, string> = {
    jq: failed.map(({ receivedat, contact }) => `${receivedat}\t${contact}`).join('\n'),
    duckdb: [
      'target,state,deliveries',
      `crm,dead,${lines.filter(({ deliveries }) => deliveries[0]?.state === 'dead').length}`,
      `crm,delivered,${lines.filter(({ deliveries }) => deliveries[0]?.state === 'delivered').length}`,
    ].join('\n'),
  }
  execFileSync('python3', ['-m', 'venv', 'tools'], { cwd: folder })
  execFileSync('tools/bin/pip', ['install', '-q', DUCKDB], { cwd: folder })
  for (const [tool, answer] of Object.entries(expected)) {
    const found = run(commandOf(tool), folder).replaceAll('\r', '')
    const isGood = found === answer
    console.log(
      `${isGood ? '✓' : '✗'} ${tool}: ${isGood ? `${answer.split('\n').length} lines as expected` : found}`,
    )
    if (!isGood) process.exitCode = 1
  }
} finally {
  rmSync(folder, { recursive: true })
}
