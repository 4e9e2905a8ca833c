// Creates an empty database of the current schema before each file. Files share a runtime: to start one for each, and to
// load the Worker into it, takes longer than the tests of most files. All migrations are one batch.
import { env } from 'cloudflare:workers'

const { results: tables } = await env.DB.prepare(
  `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_cf_*'`,
).all<{ name: string }>()
const drops = tables.map(({ name }) => `DROP TABLE "${name}"`)
const migrations = env.TEST_MIGRATIONS.flatMap(({ queries }) => queries)
await env.DB.batch([...drops, ...migrations].map((query) => env.DB.prepare(query)))
