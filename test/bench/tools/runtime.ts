// Workers as they are uploaded, in the local runtime (workerd by Miniflare) with real D1 and queues. Requests reach them by
// sockets of their own: neither the proxy of `wrangler dev` nor Miniflare's router is in between.
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { readD1Migrations } from '@cloudflare/vitest-pool-workers'
import type { D1Database, Queue, R2Bucket } from '@cloudflare/workers-types'
import {
  convertV4MiniflareOptions,
  Miniflare,
  type V4ModuleDefinition,
  type V4WorkerOptions,
} from 'miniflare'
import { unstable_getMiniflareWorkerOptions } from 'wrangler'
import { ROOT, WRANGLER } from '../../../src/cli/project.ts'

export const FLOOR = path.join(ROOT, 'test/bench/worker/floor.ts')

/** The secrets that wrangler.toml names, and the token; the same in every run. */
export const SECRETS = {
  ADMIN_TOKEN: 'bench-admin-token',
  HAPANA_SECRET: 'bench-hapana-secret',
  HYPE_SECRET: 'bench-hype-secret',
  EXAMPLE_SIGNING_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
}

/** A Worker to run: with the bindings of wrangler.toml, but queues and a database of its own. */
export type WorkerSpec = {
  name: string
  /** The folder of the project: by default this one. Its code, its wrangler.toml and its migrations are used. */
  root?: string
  /** The file to bundle; by default the relay. */
  entry?: string
  /** Variables that replace or add to those of wrangler.toml. */
  vars?: Record<string, unknown>
  /** Whether its queues are consumed; otherwise the local queue takes messages and drops them. */
  consumes: boolean
  /** Whether it has a bucket. */
  archive?: boolean
}

/** A Worker by its URL, with its database, its queue of first attempts, and a bucket. */
export type RunningWorker = {
  url: string
  db: D1Database
  deliveries: Queue
  /** A bucket of its own, which the Worker itself does not have. */
  archive: R2Bucket
}

export type Runtime = {
  workers: Record<string, RunningWorker>
  /** The faults and spilled requests in the logs of the Workers, and the errors of the runtime; the first hundred. */
  faults: string[]
  inspector: URL | undefined
  stop: () => Promise<void>
}

/**
 * Starts Workers side by side in one process of the runtime, each on a fresh migrated database. The rate limits of
 * wrangler.toml are left out: they would limit the load, and the local ones are a Worker that is asked each time, where
 * Cloudflare's count in the memory of the machine. With `inspects`, profilers may attach.
 */
export async function startRuntime(
  specs: readonly WorkerSpec[],
  { inspects = false }: { inspects?: boolean } = {},
): Promise<Runtime> {
  const faults: string[] = []
  const workers = await Promise.all(specs.map(workerOf))
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      workers,
      cf: false, // else it requests its location from the network
      ...(inspects ? { inspectorPort: 0 } : {}),
      handleStructuredLogs: ({ level, message }) => {
        const isFault = level === 'error' || /"(fault|spilled)":/.test(message)
        if (isFault && faults.length < 100) faults.push(message)
      },
    }),
  )
  await miniflare.ready
  const running = await Promise.all(
    specs.map(async ({ name, root }) => {
      const db = (await miniflare.getD1Database('DB', name)) as unknown as D1Database
      await migrate(db, root)
      const url = await miniflare.unsafeGetDirectURL(name)
      const producer = await miniflare.getQueueProducer('DELIVERIES', name)
      const deliveries = producer as unknown as Queue
      const bucket = await miniflare.getR2Bucket('BUCKET', name)
      const archive = bucket as unknown as R2Bucket
      return [name, { url: url.origin, db, deliveries, archive }] as const
    }),
  )
  return {
    workers: Object.fromEntries(running),
    faults,
    inspector: inspects ? await miniflare.getInspectorURL() : undefined,
    stop: () => miniflare.dispose(),
  }
}

async function workerOf({
  name,
  root = ROOT,
  entry = path.join(root, 'src/index.ts'),
  vars,
  consumes,
  archive = false,
}: WorkerSpec): Promise<V4WorkerOptions> {
  const { modulesRules: _, rootPath: __, ...options } = optionsOfProject(root)
  const own = (queue: string) => queue.replace('membership-relay', name)
  const consumers = Object.entries((options.queueConsumers ?? {}) as Record<string, object>).map(
    ([queue, settings]) => {
      const { deadLetterQueue } = settings as { deadLetterQueue?: string }
      return [
        own(queue),
        { ...settings, ...(deadLetterQueue ? { deadLetterQueue: own(deadLetterQueue) } : {}) },
      ] as const
    },
  )
  const producers = Object.entries(
    (options.queueProducers ?? {}) as Record<string, { queueName: string }>,
  ).map(([binding, { queueName }]) => [binding, { queueName: own(queueName) }] as const)
  return {
    ...options,
    name,
    ...(await bundle(root, entry)),
    bindings: { ...(options.bindings as object), ...SECRETS, ...vars } as NonNullable<
      V4WorkerOptions['bindings']
    >,
    d1Databases: { DB: name },
    r2Buckets: { BUCKET: name, ...(archive ? { ARCHIVE: name } : {}) },
    queueProducers: Object.fromEntries(producers),
    queueConsumers: consumes ? Object.fromEntries(consumers) : {},
    ratelimits: {},
    unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
  }
}

/** The options of wrangler.toml. Wrangler would print the names of secrets to standard output, where `--json` prints the figures. */
function optionsOfProject(root: string) {
  const { WRANGLER_LOG } = process.env
  process.env.WRANGLER_LOG = 'warn'
  try {
    return unstable_getMiniflareWorkerOptions(path.join(root, 'wrangler.toml')).workerOptions
  } finally {
    // The commands of Wrangler that are run later print all they find.
    if (WRANGLER_LOG === undefined) delete process.env.WRANGLER_LOG
    else process.env.WRANGLER_LOG = WRANGLER_LOG
  }
}

type Bundle = { modules: V4ModuleDefinition[]; modulesRoot: string }

const bundles = new Map<string, Promise<Bundle>>()

/** The modules of a Worker as `wrangler deploy` would upload them; built once in a process. */
function bundle(root: string, entry: string): Promise<Bundle> {
  const known = bundles.get(entry) ?? makeBundle(root, entry)
  bundles.set(entry, known)
  return known
}

async function makeBundle(root: string, entry: string): Promise<Bundle> {
  const dir = mkdtempSync(path.join(tmpdir(), 'relay-bench-'))
  try {
    const args = [WRANGLER, 'deploy', entry, '--dry-run', '--outdir', dir]
    await promisify(execFile)(process.execPath, args, {
      cwd: root,
      env: { ...process.env, CI: '1', WRANGLER_SEND_METRICS: 'false' },
    })
    const main = `${path.basename(entry, '.ts')}.js`
    const others = readdirSync(dir).filter(
      (name) => !/\.map$|^README\.md$/.test(name) && name !== main,
    )
    const moduleOf = (type: 'ESModule' | 'Text', name: string) => ({
      type,
      path: path.join(dir, name),
      contents: readFileSync(path.join(dir, name), 'utf8'),
    })
    // All other modules are texts for browsers.
    const modules = [moduleOf('ESModule', main), ...others.map((name) => moduleOf('Text', name))]
    return { modulesRoot: dir, modules }
  } finally {
    rmSync(dir, { recursive: true })
  }
}

async function migrate(db: D1Database, root = ROOT): Promise<void> {
  const migrations = await readD1Migrations(path.join(root, 'src/store/migrations'))
  await db.prepare('CREATE TABLE d1_migrations (id INTEGER PRIMARY KEY, name TEXT UNIQUE)').run()
  for (const { name, queries } of migrations) {
    await db.batch(queries.map((query) => db.prepare(query)))
    await db.prepare('INSERT INTO d1_migrations (name) VALUES (?1)').bind(name).run()
  }
}
