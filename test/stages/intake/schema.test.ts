// A database to which the newest migrations were not applied: senders keep their events until it is.
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { aConfig, aPayment, aSpill, take } from '../../builders.ts'

it('refuses what the old schema cannot hold, with the remedy in the log, and spills nothing', async () => {
  const { results } = await env.DB.prepare(
    `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_cf_*'`,
  ).all<{ name: string }>()
  const [first] = env.TEST_MIGRATIONS
  const queries = [...results.map(({ name }) => `DROP TABLE "${name}"`), ...(first?.queries ?? [])]
  await env.DB.batch(queries.map((query) => env.DB.prepare(query)))
  const { queue, kept } = aSpill()

  const result = await take(aConfig({ name: 'crm' }), 'hype', aPayment(), { spill: queue })

  expect(result).toMatchObject({
    ok: false,
    error: {
      kind: 'not_stored',
      reason: expect.stringMatching(/no such column|no such table|has no column named.*/),
    },
  })
  expect(JSON.stringify(result)).toContain('npx wrangler d1 migrations apply DB --remote')
  expect(kept).toEqual([])
})
