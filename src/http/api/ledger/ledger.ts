// The ledger of a period, and its proof against the log.
import { Hono } from 'hono/tiny'
import { formatInstant } from '../../../core/events/time.ts'
import { discrepancies, tally } from '../../../core/ledger/ledger.ts'
import type { Period } from '../../../core/period.ts'
import type { Env, Log } from '../../../env.ts'
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
        summary: 'What became of everything that came in a period',
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
        summary: 'Where the roll-ups of a period are not those of the log',
        details: 'Looks at a part of the period; `next` is the `since` of the following call.',
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

/** The ledger of a period, and whether it adds up. */
export async function readLedger(env: Pick<Env, 'DB' | 'SPILL'>, period: Period, log: Log) {
  const lines = tally(await listCounts(env.DB, period))
  const differences = discrepancies(lines)
  return {
    since: formatInstant(period.since),
    until: formatInstant(period.until),
    adds_up: differences.length === 0,
    differences,
    spilled: await countSpilled(env, log),
    ...lines,
  }
}
export type ReadLedger = Awaited<ReturnType<typeof readLedger>>

/** Requests that are safe and not in the log yet; null when the queue does not say. */
async function countSpilled({ SPILL }: Pick<Env, 'SPILL'>, log: Log): Promise<number | null> {
  try {
    return (await SPILL.metrics()).backlogCount
  } catch (error) {
    const fault = 'the spill queue does not tell its length'
    log({ at: 'ledger', fault, detail: String(error) })
    return null
  }
}
