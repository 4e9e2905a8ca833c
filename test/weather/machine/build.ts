// The Worker of a source tree as one script, which can be run several times: one run is one isolate.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { build, type Plugin } from 'esbuild'
import { parse } from 'smol-toml'

/** A consumer of wrangler.toml, with Cloudflare's defaults. */
export type Consumer = {
  queue: string
  batchSize: number
  batchTimeoutMs: number
  maxRetries: number
  /** The delay of a retry that states none, in seconds. */
  retryDelaySeconds: number
  /** Batches that are handled at once. */
  concurrency: number
  deadLetterQueue: string | undefined
}

/** All that the machine takes of a source tree. */
export type Tree = {
  dir: string
  /** The bundle: a script with the free names of a Worker's globals. */
  code: string
  migrations: string[]
  consumers: Consumer[]
  /** The queue of each binding. */
  producers: Map<string, string>
  /** How long `deploy` has queues keep a message, in seconds. */
  retentionSeconds: number
  /** Its command line `relay`, which returns the exit status. */
  cli: (args: string[]) => Promise<number>
}

/** Batches of a queue that are handled at once, at most. Cloudflare allows 250; the world is small. */
const CONCURRENCY = 10

/** What Cloudflare gives a queue for which nothing else is set. */
const DEFAULT_RETENTION_SECONDS = 4 * 86_400

/** Builds the Worker of a tree. */
export async function buildTree(dir: string): Promise<Tree> {
  const result = await build({
    absWorkingDir: dir,
    entryPoints: ['src/index.ts'],
    bundle: true,
    write: false,
    format: 'cjs',
    target: 'esnext',
    platform: 'browser',
    conditions: ['workerd', 'worker', 'browser'],
    loader: { '.css': 'text', '.svg': 'text', '.txt': 'text' },
    plugins: [worker],
    logLevel: 'silent',
  })
  const folder = path.join(dir, 'src/store/migrations')
  const files = readdirSync(folder).filter((name) => name.endsWith('.sql'))
  return {
    dir,
    code: result.outputFiles[0]?.text ?? '',
    migrations: files.sort().map((name) => readFileSync(path.join(folder, name), 'utf8')),
    ...readToml(dir),
    retentionSeconds: readRetention(dir),
    cli: ((await import(path.join(dir, 'src/cli/relay/index.ts'))) as { relay: Tree['cli'] }).relay,
  }
}

/** The runtime's own module, and the files that are imported as their text. */
const worker: Plugin = {
  name: 'worker',
  setup(builder) {
    builder.onResolve({ filter: /^cloudflare:workers$/ }, () => ({
      path: 'workers',
      namespace: 'cf',
    }))
    builder.onLoad({ filter: /.*/, namespace: 'cf' }, () => ({
      contents: 'export const waitUntil = (work) => __waitUntil(work); export const env = {}',
    }))
    builder.onLoad({ filter: /(htmx\.min\.js|console\/assets\/[a-z-]+\.js)$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8'),
      loader: 'text',
    }))
  },
}

type Toml = {
  queues?: {
    producers?: { binding: string; queue: string }[]
    consumers?: {
      queue: string
      max_batch_size?: number
      max_batch_timeout?: number
      max_retries?: number
      retry_delay?: number
      max_concurrency?: number
      dead_letter_queue?: string
    }[]
  }
}

function readToml(dir: string): Pick<Tree, 'consumers' | 'producers'> {
  const { queues } = parse(readFileSync(path.join(dir, 'wrangler.toml'), 'utf8')) as Toml
  return {
    consumers: (queues?.consumers ?? []).map((consumer) => ({
      queue: consumer.queue,
      batchSize: consumer.max_batch_size ?? 10,
      batchTimeoutMs: (consumer.max_batch_timeout ?? 5) * 1000,
      maxRetries: consumer.max_retries ?? 3,
      retryDelaySeconds: consumer.retry_delay ?? 0,
      concurrency: Math.min(consumer.max_concurrency ?? CONCURRENCY, CONCURRENCY),
      deadLetterQueue: consumer.dead_letter_queue,
    })),
    producers: new Map((queues?.producers ?? []).map(({ binding, queue }) => [binding, queue])),
  }
}

/** The retention that `deploy` of a tree states, in seconds; Cloudflare's where it states none. */
function readRetention(dir: string): number {
  const folder = path.join(dir, 'src/cli')
  const texts = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && existsSync(path.join(folder, name)))
    .map((name) => readFileSync(path.join(folder, name), 'utf8'))
    .filter((text) => text.includes('message-retention-period-secs'))
  return texts.length === 0 ? DEFAULT_RETENTION_SECONDS : 14 * 86_400
}

/** The trees of a run: the version, and the one that is deployed before it. */
export async function buildTrees(
  now: string,
  before: string,
): Promise<{ now: Tree; before: Tree }> {
  const tree = await buildTree(now)
  return { now: tree, before: before === now ? tree : await buildTree(before) }
}
