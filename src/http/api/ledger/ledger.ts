// The ledger of a period, and its verification against the log.
import { Hono } from 'hono/tiny'
import { formatInstant } from '../../../core/events/time.ts'
import { discrepancies, tally } from '../../../core/ledger/ledger.ts'
import type { Period } from '../../../core/period.ts'
import type { Env, Log } from '../../../env.ts'
import { countSpilled } from '../../../stages/operate/attention.ts'
import { listCounts } from '../../../store/ledger/ledger.ts'
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
        answers: { 200: Ledger },
      }),
      query(PeriodQuery),
      async (c) => {
        return c.json(await readLedger(c.env, periodOf(c.req.valid('query'), now()), log))
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
          c.env.DB,
          periodOf(c.req.valid('query'), now()),
        )
        return c.json({ differences, next: next === undefined ? null : formatInstant(next) })
      },
    )
}

/** The ledger of a period, and whether it balances. */
export async function readLedger(env: Pick<Env, 'DB' | 'SPILL'>, period: Period, log: Log) {
  const lines = tally(await listCounts(env.DB, period))
  const differences = discrepancies(lines)
  return {
    since: formatInstant(period.since),
    until: formatInstant(period.until),
    adds_up: differences.length === 0,
    differences,
    spilled: await countSpilled(env, { log }),
    ...lines,
  }
}
