// The ledger of a period, and its verification against the log.
import { Hono } from 'hono/tiny'
import { formatInstant } from '../../../core/events/time.ts'
import { discrepancies, tally } from '../../../core/ledger/ledger.ts'
import { isShorter, obeyedFrom, type RetentionMemory } from '../../../core/ledger/retention.ts'
import type { Period } from '../../../core/period.ts'
import type { Env, Tools } from '../../../env.ts'
import { readSpill } from '../../../stages/ledger/spilled.ts'
import { listCounts } from '../../../store/ledger/ledger.ts'
import { getRetention } from '../../../store/ledger/retention.ts'
import { listDifferences } from '../../../store/ledger/verify.ts'
import { describe, query } from '../../operation.ts'
import type { ApiTools } from '../../tools.ts'
import { Differences, Ledger } from '../answers/index.ts'
import { PeriodQuery, periodOf } from '../fields.ts'

/** The routes of `/api/ledger`. */
export function ledger({ now, log }: ApiTools) {
  return new Hono<{ Bindings: Env }>()
    .get(
      '/',
      describe({
        summary: 'The ledger: all events and deliveries of a period, by state',
        details:
          '`adds_up` is true when each number is the sum of its parts; `differences` names those that are not.',
        answers: { 200: Ledger },
      }),
      query(PeriodQuery),
      async (c) => {
        return c.json(await readLedger(c.env, periodOf(c.req.valid('query'), now()), { now, log }))
      },
    )
    .get(
      '/differences',
      describe({
        summary: 'Verify the ledger of a period against the log',
        details: 'Checks a part of the period per call; `next` is the `since` of the next call.',
        answers: { 200: Differences },
      }),
      query(PeriodQuery),
      async (c) => {
        const { differences, next } = await listDifferences(
          c.env,
          periodOf(c.req.valid('query'), now()),
        )
        return c.json({ differences, next: next === undefined ? null : formatInstant(next) })
      },
    )
}

/** The ledger of a period, and whether it balances. */
export async function readLedger(
  env: Pick<Env, 'DB' | 'SPILL' | 'ARCHIVE'>,
  period: Period,
  tools: Pick<Tools, 'now' | 'log'>,
) {
  const lines = tally(await listCounts(env, period))
  const differences = discrepancies(lines)
  const spill = await readSpill(env, tools)
  return {
    since: formatInstant(period.since),
    until: formatInstant(period.until),
    adds_up: differences.length === 0,
    differences,
    spilled: spill?.requests ?? null,
    spill,
    retention: retentionView(await getRetention(env.DB)),
    ...lines,
  }
}

function retentionView({ kept, next }: RetentionMemory) {
  const isShortened = kept !== undefined && next !== undefined && isShorter(next, kept)
  return {
    days: kept?.days ?? null,
    raw_days: kept?.rawDays ?? null,
    shortened: isShortened
      ? { days: next.days, raw_days: next.rawDays, from: formatInstant(obeyedFrom(next)) }
      : null,
  }
}
