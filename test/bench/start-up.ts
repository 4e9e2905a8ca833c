// The start of a cold isolate: the upload, the CPU time until the Worker can respond, and its first responses.
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { ROOT, WRANGLER } from '../../src/cli/project.ts'
import type { Bench, Options } from './tools/bench.ts'
import { spreadOf, spreadText } from './tools/figures.ts'
import { trafficOf } from './tools/messages.ts'
import { startRuntime } from './tools/runtime.ts'

const KB = 1000

type Size = { plain: number; gzipped: number }

/** The upload of `wrangler deploy`: the code, and the texts that the console sends to browsers. */
async function uploaded(dir: string): Promise<{ code: Size; texts: Size }> {
  await wrangler('deploy', '--dry-run', '--outdir', dir)
  const sizeOf = (names: string[]): Size => {
    const files = names.map((name) => readFileSync(path.join(dir, name)))
    const sum = (sizes: number[]) => sizes.reduce((a, b) => a + b, 0) / KB
    return {
      plain: sum(files.map(({ length }) => length)),
      gzipped: sum(files.map((file) => gzipSync(file).length)),
    }
  }
  const texts = readdirSync(dir).filter((name) => !/^index\.js|^README\.md$/.test(name))
  return { code: sizeOf(['index.js']), texts: sizeOf(texts) }
}

/** The CPU milliseconds until the Worker can respond, by `wrangler check startup`. */
async function startUpMs(dir: string): Promise<number> {
  const output = await wrangler('check', 'startup', '--outfile', path.join(dir, 'start.cpuprofile'))
  const [, active] = /Active: ([\d.]+) ms/.exec(output) ?? []
  if (active === undefined) throw new Error(`wrangler check startup printed no time: ${output}`)
  return Number(active)
}

async function wrangler(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [WRANGLER, ...args], {
    cwd: ROOT,
    env: { ...process.env, CI: '1', WRANGLER_SEND_METRICS: 'false' },
  })
  return stdout
}

/** Milliseconds of the first webhooks that a fresh isolate accepts, one after the other. */
async function firstAnswers(seed: number): Promise<number[]> {
  const runtime = await startRuntime([{ name: 'relay', consumes: false }])
  try {
    const { url } = runtime.workers.relay ?? { url: '' }
    const { path, headers, next } = trafficOf('hype', 'payment.created', {
      seed,
      members: 10,
      now: Date.now(),
    })
    const waits: number[] = []
    for (let i = 0; i < 10; i++) {
      const begin = performance.now()
      const response = await fetch(url + path, { method: 'POST', headers, body: next() })
      if (response.status !== 202) throw new Error(`answered ${response.status}`)
      await response.arrayBuffer()
      waits.push(performance.now() - begin)
    }
    return waits
  } finally {
    await runtime.stop()
  }
}

async function run({ seed, rounds = 5, progress }: Options) {
  const dir = mkdtempSync(path.join(tmpdir(), 'relay-bench-'))
  try {
    const { code, texts } = await uploaded(dir)
    const cpu: number[] = []
    const answers: number[][] = []
    for (let i = 0; i < rounds; i++) {
      progress(`start ${i + 1} of ${rounds}`)
      cpu.push(await startUpMs(dir))
      answers.push(await firstAnswers(seed))
    }
    const nth = (n: number) =>
      spreadText(spreadOf(answers.map((waits) => waits[n] ?? Number.NaN)), 1)
    const sizeRow = (name: string, { plain, gzipped }: Size) => [
      name,
      plain.toFixed(1),
      gzipped.toFixed(1),
    ]
    return {
      notes: [`CPU by \`wrangler check startup\`; ${rounds} starts each; median (least–greatest).`],
      tables: [
        {
          title: 'Upload, KB',
          columns: ['', 'plain', 'gzipped'],
          rows: [
            sizeRow('code, which each isolate reads', code),
            sizeRow('texts for browsers, which no isolate reads', texts),
          ],
        },
        {
          title: 'A cold isolate, milliseconds',
          columns: ['', 'median'],
          rows: [
            ['CPU until it can respond', spreadText(spreadOf(cpu), 1)],
            ['first webhook accepted', nth(0)],
            ['second', nth(1)],
            ['tenth', nth(9)],
          ],
        },
      ],
      goals: [
        { what: 'code, gzipped', figure: code.gzipped, unit: ' KB', atMost: 150 },
        {
          what: 'CPU until it can respond, the median',
          figure: spreadOf(cpu).median,
          unit: ' ms',
          atMost: 50,
        },
      ],
    }
  } finally {
    rmSync(dir, { recursive: true })
  }
}

export const startUp: Bench = {
  summary: 'the upload, and the time until a cold isolate responds',
  run,
}
