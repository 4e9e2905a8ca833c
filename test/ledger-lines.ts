// The counts of a period by the ledger, and those by the log itself, as lines that can be compared.
import { env } from 'cloudflare:workers'
import type { Period } from '../src/core/period.ts'
import type { PackEnv } from '../src/store/events/packs/packs.ts'
import { listCounts } from '../src/store/ledger/ledger.ts'

/** The number of events and deliveries of each state, by the log. */
export async function linesOfLog(): Promise<string[]> {
  const { results } = await env.DB.prepare(
    `SELECT 'source ' || source || ' ' || status AS line, count(*) AS n FROM events GROUP BY 1
     UNION ALL SELECT 'target ' || target || ' ' || state, count(*) FROM deliveries GROUP BY 1 ORDER BY 1`,
  ).all<{ line: string; n: number }>()
  return results.map(({ line, n }) => `${line} ${n}`)
}

/** The same by the ledger. */
export async function linesOfLedger(
  period: Period,
  place: PackEnv = { DB: env.DB },
): Promise<string[]> {
  const sums = new Map<string, number>()
  for (const { kind, name, state, count } of await listCounts(place, period)) {
    const line = `${kind} ${name} ${state}`
    sums.set(line, (sums.get(line) ?? 0) + count)
  }
  return [...sums].map(([line, n]) => `${line} ${n}`).sort()
}
