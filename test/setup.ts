// Creates an empty database of the current schema before each file. Files share a runtime: to start one for each, and to
// load the Worker into it, takes longer than the tests of most files. All migrations are one batch, noted as wrangler does.
import { env } from 'cloudflare:workers'

const { results: tables } = await env.DB.prepare(
  `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_cf_*'`,
).all<{ name: string }>()
const drops = tables.map(({ name }) => `DROP TABLE "${name}"`)
const migrations = env.TEST_MIGRATIONS.flatMap(({ queries }) => queries)
const notes = [
  'CREATE TABLE d1_migrations (id INTEGER PRIMARY KEY, name TEXT UNIQUE)',
  ...env.TEST_MIGRATIONS.map(({ name }) => `INSERT INTO d1_migrations (name) VALUES ('${name}')`),
]
await env.DB.batch([...drops, ...migrations, ...notes].map((query) => env.DB.prepare(query)))
