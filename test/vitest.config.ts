import { availableParallelism } from 'node:os'
import path from 'node:path'
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-pool-workers'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const root = path.join(import.meta.dirname, '..')

/** The longest files first, so that the run does not end with them; those that share a runtime last, and together. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]) {
    const order = ['browser', 'node', 'queues', 'worker']
    const rank = ({ moduleId, project }: TestSpecification) =>
      path.basename(moduleId) === 'faults.test.ts' ? -1 : order.indexOf(project.name)
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b))
  }
}

// The Worker is tested in the Workers runtime, the command line in Node, and the console in a browser.
export default defineConfig(async () => {
  const migrations = await readD1Migrations(path.join(root, 'src/store/migrations'))
  const workersRuntime = () =>
    cloudflareTest({
      wrangler: { configPath: path.join(root, 'wrangler.toml') },
      miniflare: {
        // A request that a test does not intercept reaches no server.
        outboundService: () => new Response('no network in tests', { status: 599 }),
        bindings: {
          TEST_MIGRATIONS: migrations,
          ADMIN_TOKEN: 'test-admin-token',
          HAPANA_SECRET: 'test-hapana-secret',
          HYPE_SECRET: 'test-hype-secret',
          EXAMPLE_SIGNING_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
        },
        r2Buckets: ['ARCHIVE'],
        queueConsumers: {
          'membership-relay-deliveries': { maxBatchTimeout: 0.05, maxRetries: 2 },
          'membership-relay-spill': { maxBatchTimeout: 0.05, maxRetries: 2 },
          'membership-relay-retries': { maxBatchTimeout: 0.05, maxRetries: 2 },
        },
      },
    })
  // Commands, runtimes and browsers are slow to start on a busy machine.
  const patience = { testTimeout: 180_000, hookTimeout: 180_000 }
  const worker = {
    // Vite has no `require` here. The bundle has one: targets of `npm run chaos` have a `where`.
    alias: [{ find: /^.*\/expression-jsonata\.cjs$/, replacement: 'jsonata' }],
    setupFiles: ['test/setup.ts'],
    testTimeout: 60_000, // property tests on a busy machine
  }
  return {
    root,
    test: {
      maxWorkers: availableParallelism() + 2, // some of them wait, for a runtime or for a browser
      sequence: { sequencer: LongestFirst },
      projects: [
        {
          plugins: [workersRuntime()],
          test: {
            ...worker,
            name: 'worker',
            isolate: false, // test/setup.ts empties the database for each file
            include: ['test/**/*.test.ts'],
            exclude: ['test/cli/**', 'test/browser/**', 'test/relay.test.ts'],
          },
        },
        {
          plugins: [workersRuntime()],
          // Messages that it leaves in its queues must not reach other tests.
          test: { ...worker, ...patience, name: 'queues', include: ['test/relay.test.ts'] },
        },
        {
          test: {
            name: 'node',
            include: ['test/cli/**/*.test.ts'],
            ...patience,
          },
        },
        {
          test: {
            name: 'browser',
            include: ['test/browser/**/*.test.ts'],
            globalSetup: 'test/browser/chromium.ts',
            ...patience,
          },
        },
      ],
    },
  }
})
