// An empty database of today's schema for each file. All migrations go in one batch; and `cloudflare:test`, which can
// apply them too, would load the whole Worker for every file.
import { env } from 'cloudflare:workers'

const queries = env.TEST_MIGRATIONS.flatMap((migration) => migration.queries)
await env.DB.batch(queries.map((query) => env.DB.prepare(query)))
