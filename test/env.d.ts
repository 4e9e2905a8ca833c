import type { D1Migration } from '@cloudflare/vitest-pool-workers'
import type { Env as RelayEnv } from '../src/env.ts'

declare global {
  namespace Cloudflare {
    interface Env extends RelayEnv {
      ADMIN_TOKEN: string
      EXAMPLE_SIGNING_SECRET: string
      TEST_MIGRATIONS: D1Migration[]
    }
  }
}
