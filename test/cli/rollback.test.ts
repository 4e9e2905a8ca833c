// Code and schema apart: the version before a migration works with the schema after it. That is so for some seconds of each
// deploy, and after a rollback of the code, for as long as it lasts.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { expect, it, vi } from 'vitest'
import { LAST_MIGRATION } from '../../src/store/schema.ts'
import { aDatabase, migrationNames } from './sqlite-d1.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')

/**
 * Migrations only add since this one. A rollback ends at the first version whose ids have 11 characters: the code before it
 * works with the schema, as is tried here on an empty log, but reads other times from the keys of a log.
 */
const FIRST_ADDITIVE = '0010'

function git(...args: string[]): string {
  return execFileSync('git', args, {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
}

/** The commit before a migration came; undefined where the history does not reach back to it. */
function commitBefore(migration: string): string | undefined {
  try {
    const file = `src/store/migrations/${migration}`
    const [added] = git('log', '--diff-filter=A', '--format=%H', '--', file).split('\n')
    return git('rev-parse', '--verify', added ? `${added}^` : 'HEAD').trim()
  } catch {
    return undefined
  }
}

/** The migrations of a commit: where several come at once, each is for a version that may lack the others. */
function migrationsOf(commit: string): string[] {
  const folder = 'src/store/migrations/'
  const files = git('ls-tree', '--name-only', commit, folder).trim().split('\n')
  return files.map((file) => path.basename(file))
}

/** What the Workers runtime does for a bundle: its own module, and files for browsers as texts. */
const runtime: Plugin = {
  name: 'workers runtime',
  setup(own) {
    own.onResolve({ filter: /^cloudflare:workers$/ }, () => ({ path: 'workers', namespace: 'own' }))
    own.onLoad({ filter: /.*/, namespace: 'own' }, () => ({
      contents: 'export const waitUntil = (work) => void globalThis.pendingWork.push(work)',
    }))
    own.onLoad({ filter: /(htmx\.min\.js|console\/assets\/[^/]+\.js)$/ }, ({ path: file }) => ({
      contents: readFileSync(file, 'utf8'),
      loader: 'text',
    }))
  },
}

type Bundle = {
  fetch: (request: Request, env: unknown) => Promise<Response>
  queue: Handler
  scheduled: Handler
}
type Handler = (given: unknown, env: unknown) => Promise<void>

/** The Worker of a commit. */
async function workerOf(commit: string, dir: string): Promise<Bundle> {
  const archive = path.join(dir, 'source.tar')
  writeFileSync(
    archive,
    execFileSync('git', ['archive', commit, 'src', 'package.json'], { cwd: ROOT, maxBuffer: 1e9 }),
  )
  execFileSync('tar', ['-xf', archive, '-C', dir])
  const outfile = path.join(dir, 'worker.mjs')
  await build({
    entryPoints: [path.join(dir, 'src/index.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    nodePaths: [path.join(ROOT, 'node_modules')],
    loader: { '.css': 'text', '.svg': 'text', '.txt': 'text' },
    tsconfigRaw: readFileSync(path.join(ROOT, 'tsconfig.json'), 'utf8'),
    plugins: [runtime],
    logLevel: 'silent',
  })
  return (await import(pathToFileURL(outfile).href)).default
}

it('knows which migration is the last', () => {
  expect(migrationNames().at(-1)).toBe(LAST_MIGRATION)
})

const last = migrationNames()
  .filter((name) => name >= FIRST_ADDITIVE)
  .slice(-2)

it.for(last)('works with the version before %s', async (migration, { skip }) => {
  const commit = commitBefore(migration)
  if (commit === undefined) return skip(`the history does not reach back to ${migration}`)
  const pending: Promise<unknown>[] = []
  vi.stubGlobal('pendingWork', pending)
  const lines: string[] = []
  const log = vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(line))
  const received: string[] = []
  const receiver = createServer((request, response) => {
    received.push(String(request.headers['webhook-id']))
    response.end()
  }).listen(0, '127.0.0.1')
  const dir = mkdtempSync(path.join(tmpdir(), 'relay-before-'))
  try {
    const worker = await workerOf(commit, dir)
    const { sqlite, DB } = aDatabase([...migrationsOf(commit), migration])
    const sent: unknown[] = []
    const queue = {
      send: async (body: unknown) => void sent.push(body),
      sendBatch: async (all: { body: unknown }[]) => void sent.push(...all.map(({ body }) => body)),
      metrics: async () => ({ backlogCount: 0 }),
    }
    const { port } = receiver.address() as AddressInfo
    const env = {
      DB,
      DELIVERIES: queue,
      RETRIES: queue,
      SPILL: queue,
      SOURCES: [{ name: 'hype', vendor: 'hype', secret: 'HYPE_SECRET' }],
      TARGETS: [{ name: 'crm', url: `http://127.0.0.1:${port}/`, secret: 'SIGNING' }],
      HYPE_SECRET: 'a long hype secret',
      SIGNING: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      ADMIN_TOKEN: 'a long admin token',
    }
    const ask = (route: string, init: RequestInit = {}) =>
      worker.fetch(new Request(`https://relay.example${route}`, init), env)
    const authorized = { headers: { authorization: `Bearer ${env.ADMIN_TOKEN}` } }

    const payment = {
      id: 'contact',
      publisher_id: 'publisher',
      type: 'payment.created',
      data: { tier: 'Gold', total: 100 },
      timestamp: Math.floor(Date.now() / 1000),
    }
    const accepted = await ask(`/in/hype?key=${encodeURIComponent(env.HYPE_SECRET)}`, {
      method: 'POST',
      body: JSON.stringify(payment),
    })
    await Promise.all(pending)
    const messages = sent.splice(0).map((body) => ({
      id: 'message',
      timestamp: new Date(),
      attempts: 1,
      body,
      ack: () => undefined,
      retry: () => undefined,
    }))
    await worker.queue({ queue: 'membership-relay-deliveries', messages }, env)
    await worker.scheduled({ cron: '* * * * *', scheduledTime: Date.now() }, env)
    await Promise.all(pending)

    expect(await accepted.json()).toMatchObject({ status: 'accepted', deliveries: 1 })
    expect(received).toHaveLength(1)
    // In some minutes the cron opens an issue, which is an event of its own.
    const states = sqlite
      .prepare(
        "SELECT d.state FROM deliveries AS d JOIN events AS e ON e.key = d.event WHERE e.source <> 'relay'",
      )
      .all()
    expect(states.map((row) => row.state)).toEqual(['delivered'])
    expect(await (await ask('/healthz')).json()).toEqual({ status: 'ok' })
    for (const route of [
      '/api/events',
      '/api/ledger',
      '/api/targets',
      '/api/sources',
      '/metrics',
    ]) {
      expect((await ask(route, authorized)).status, route).toBe(200)
    }
    expect(lines.filter((line) => line.includes('"fault"'))).toEqual([])
  } finally {
    rmSync(dir, { recursive: true })
    receiver.close()
    log.mockRestore()
    vi.unstubAllGlobals()
  }
})
