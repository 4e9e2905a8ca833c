// The choice of a probe among many held deliveries.
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { keyOfId } from '../../../src/core/id.ts'
import { releaseProbe } from '../../../src/store/deliveries/probe.ts'
import { NOW } from '../../builders.ts'
import { aMeteredDatabase, empty } from '../../database.ts'

it.each([false, true])(
  'reads no more rows for more that are held (ordered: %s)',
  async (isOrdered) => {
    await empty('targets', 'deliveries', 'events')
    const first = BigInt(NOW) * 2097152n
    await env.DB.batch([
      env.DB.prepare(
        `INSERT INTO events (key, source, vendor, status, type, contact, planned, hops, dedup_key, encoding, headers, event, at)
       WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999)
       SELECT CAST(?1 AS INTEGER) + i * 2097152, 'hype', 'hype', 'accepted', 'payment.created', 'p' || i, 1, 0,
         'k' || i, 'utf8', '{}', '{}', ?2 + i FROM n`,
      ).bind(first.toString(), NOW),
      env.DB.prepare(
        `INSERT INTO deliveries (event, target, state, reason, attempt, due, attempts)
       SELECT key, 'crm', 'held', 'open', CASE WHEN at < ?1 + 500 THEN 3 ELSE 2 END, ?1 + 1000 - (at - ?1), '[]' FROM events`,
      ).bind(NOW),
    ])
    const { db, rows } = aMeteredDatabase('rows_read')

    const [probe] = await releaseProbe(db, { target: 'crm', isOrdered }, NOW)

    // Of those with the fewest attempts the last event, as it was due first.
    expect(keyOfId(probe?.event ?? 'evt_0000000000000')).toBe((first + 999n * 2097152n).toString())
    expect(rows.reduce((sum, read) => sum + read, 0)).toBeLessThan(150)
  },
)
