// What needs attention, and the state of the relay itself: its schema, its database and its cron.
import { Hono } from 'hono/tiny'
import { daysUntilFull, growthOf, isShortOfSpace } from '../../../core/ledger/database.ts'
import { readStatus, type Status } from '../../../stages/operate/attention.ts'
import type { WithRole } from '../../access.ts'
import { describe } from '../../operation.ts'
import type { ApiTools } from '../../tools.ts'
import { SystemStatus } from '../answers/index.ts'
import { instant } from '../fields.ts'

/** The route of `/api/attention`. */
export function attention({ configOf, ...tools }: ApiTools) {
  return new Hono<WithRole>().get(
    '/',
    describe({
      summary: 'What needs attention, and the schema, the database and the cron of the relay',
      details:
        'Answers while D1 refuses writes. When D1 does not answer, an entry of the cause `unreadable` says so. An empty list means that nothing needs attention.',
      answers: { 200: SystemStatus },
    }),
    async (c) => {
      const status = await readStatus(c.env, configOf(c.env), tools)
      return c.json({ ...statusView(status), role: c.get('role') })
    },
  )
}

/** The status as the API returns it. */
export function statusView({ attention, schema, database }: Status) {
  return {
    attention,
    schema: schema === undefined ? null : { ...schema, applied: schema.applied ?? null },
    database: database === undefined ? null : databaseView(database),
    cron: { last_run: instant(database?.state.cronAt) },
  }
}

function databaseView({ state, bytes, limit }: NonNullable<Status['database']>) {
  const growth = growthOf(state)
  return {
    bytes,
    limit_bytes: limit,
    growth_bytes_a_day: growth === undefined ? null : Math.round(growth),
    days_until_full: daysUntilFull(state, bytes, limit) ?? null,
    short_of_space: isShortOfSpace(state.isShortOfSpace, bytes, limit),
  }
}
