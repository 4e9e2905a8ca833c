// The counts of the log, and those of the ledger, as lines that can be compared.
import { env } from 'cloudflare:workers'
import type { Period } from '../src/core/period.ts'
import { listCounts } from '../src/store/ledger/ledger.ts'

/** The numbers of events and deliveries by state, counted in the log. */
export async function linesOfLog(): Promise<string[]> {
  const { results } = await env.DB.prepare(
    `SELECT 'source ' || source || ' ' || status AS line, count(*) AS n FROM events GROUP BY 1
     UNION ALL SELECT 'target ' || target || ' ' || state, count(*) FROM deliveries GROUP BY 1 ORDER BY 1`,
  ).all<{ line: string; n: number }>()
  return results.map(({ line, n }) => `${line} ${n}`)
}

/** The same numbers, from the ledger. */
export async function linesOfBooks(period: Period): Promise<string[]> {
  const sums = new Map<string, number>()
  for (const { kind, name, state, count } of await listCounts(env.DB, period)) {
    const line = `${kind} ${name} ${state}`
    sums.set(line, (sums.get(line) ?? 0) + count)
  }
  return [...sums].map(([line, n]) => `${line} ${n}`).sort()
}
