// Creates an empty database of the current schema before each file, and gives the bindings production's limits. Files share
// a runtime: to start one for each, and to load the Worker into it, takes longer than the tests of most files. All
// migrations are one batch, noted as wrangler does.
import { env } from 'cloudflare:workers'
import { presentCount } from './invocation.ts'
import { checkMessages, checkRows, checkStatement } from './limits.ts'

/** A prepared statement of the runtime. */
type Prepared = { statement: string; params: unknown[] }

// Every database and queue of the runtime, whoever got it from its bindings: hence the prototypes.
const isLimited = Symbol.for('limited')
function limit<P extends object>(
  prototype: P,
  methods: readonly string[],
  before: (self: object, args: unknown[]) => void,
  after: (result: unknown) => void = () => undefined,
): void {
  const own = prototype as Record<string | symbol, unknown>
  if (own[isLimited]) return
  own[isLimited] = true
  let isInside = false // a method may call another one of them
  for (const name of methods) {
    const method = own[name] as (...args: unknown[]) => Promise<unknown>
    own[name] = function limited(this: object, ...args: unknown[]): Promise<unknown> {
      if (isInside) return method.apply(this, args)
      try {
        before(this, args)
        isInside = true
        return method.apply(this, args).then((result) => {
          after(result)
          return result
        })
      } catch (error) {
        return Promise.reject(error)
      } finally {
        isInside = false
      }
    }
  }
}

const check = ({ statement, params }: Prepared) => checkStatement(statement, params)
const rowsOf = (result: unknown): unknown[] =>
  Array.isArray(result) ? result : ((result as { results?: unknown[] } | null)?.results ?? [result])

limit(
  Object.getPrototypeOf(env.DB.prepare('SELECT 1')),
  ['all', 'run', 'first', 'raw'],
  (self) => {
    check(self as Prepared)
    presentCount()?.add(1)
  },
  (result) => checkRows(rowsOf(result)),
)
limit(
  Object.getPrototypeOf(env.DB),
  ['batch'],
  (_self, [statements]) => {
    for (const statement of statements as Prepared[]) check(statement)
    presentCount()?.add((statements as Prepared[]).length)
  },
  (results) => checkRows((results as unknown[]).flatMap(rowsOf)),
)
limit(Object.getPrototypeOf(env.DELIVERIES), ['send'], (_self, [body, options]) =>
  checkMessages([{ ...(options as QueueSendOptions), body }]),
)

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
