import path from 'node:path'
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-pool-workers'
import { defineConfig } from 'vitest/config'

const root = path.join(import.meta.dirname, '..')

// Three projects: what runs in the Worker is tested in the Workers runtime, the command line in Node, and the console
// in a browser.
export default defineConfig(async () => {
  const migrations = await readD1Migrations(path.join(root, 'src/store/migrations'))
  return {
    root,
    test: {
      maxWorkers: '100%', // most of them wait for a runtime most of the time
      projects: [
        {
          plugins: [
            cloudflareTest({
              wrangler: { configPath: path.join(root, 'wrangler.toml') },
              miniflare: {
                // A delivery that escapes a test reaches nobody.
                outboundService: () => new Response('no network in tests', { status: 599 }),
                bindings: {
                  TEST_MIGRATIONS: migrations,
                  ADMIN_TOKEN: 'test-admin-token',
                  HAPANA_SECRET: 'test-hapana-secret',
                  HYPE_SECRET: 'test-hype-secret',
                  EXAMPLE_SIGNING_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
                },
                queueConsumers: {
                  'membership-relay-deliveries': { maxBatchTimeout: 0.05, maxRetries: 2 },
                  'membership-relay-spill': { maxBatchTimeout: 0.05, maxRetries: 2 },
                  'membership-relay-retries': { maxBatchTimeout: 0.05, maxRetries: 2 },
                },
              },
            }),
          ],
          test: {
            name: 'worker',
            // Vite knows no `require` here. The bundle does: targets of `npm run chaos` have a `where`.
            alias: [{ find: /^.*\/expression-jsonata\.cjs$/, replacement: 'jsonata' }],
            include: ['test/**/*.test.ts'],
            exclude: ['test/cli/**', 'test/browser/**'],
            setupFiles: ['test/setup.ts'],
            testTimeout: 20_000, // property tests on a busy machine
          },
        },
        {
          test: {
            name: 'node',
            include: ['test/cli/**/*.test.ts'],
            testTimeout: 60_000,
            hookTimeout: 60_000, // starting the runtime on a busy machine
          },
        },
        {
          test: {
            name: 'browser',
            include: ['test/browser/**/*.test.ts'],
            testTimeout: 60_000,
            hookTimeout: 120_000,
          },
        },
      ],
    },
  }
})
