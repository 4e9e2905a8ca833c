// The choice of a probe among many held deliveries.
import { env } from 'cloudflare:workers'
import { beforeEach, expect, it } from 'vitest'
import type { HoldReason } from '../../../src/core/deliveries/delivery.ts'
import { firstKeyAt, KEYS_PER_MS, keyOfId } from '../../../src/core/id.ts'
import { sweep } from '../../../src/stages/deliveries/sweep.ts'
import { releaseProbe } from '../../../src/store/deliveries/probe.ts'
import { storedWord } from '../../../src/store/stored-words.ts'
import { aConfig, aPayment, aQueue, aSpill, NOW, stored, toolsAt } from '../../builders.ts'
import { aMeteredDatabase, empty } from '../../database.ts'
import { aWorld } from '../../world.ts'

beforeEach(() => empty('targets', 'deliveries', 'events', 'contacts'))

/** The target backs off, and its cooldown is over. */
const backOff = () =>
  env.DB.prepare(
    `INSERT INTO targets (name, state, failures, rest_seconds, probe_at) VALUES ('crm', 'open', 5, 30, ${NOW})`,
  )

it.each([
  'backing_off',
  'disabled',
  'broken',
  'order',
  'paused',
  'failing',
  'gone',
  'unknown',
] satisfies HoldReason[])(
  'is one that is held as %s when there is no other, also to an ordered target',
  async (reason) => {
    const config = aConfig({ name: 'crm', ordered: true })
    const event = await stored(config, 'hype', aPayment())
    await env.DB.batch([
      env.DB.prepare(`UPDATE deliveries SET state = 'held', reason = ?1`).bind(storedWord(reason)),
      backOff(),
    ])
    const { queue, sent } = aQueue()
    const bindings = { DB: env.DB, DELIVERIES: aQueue().queue, RETRIES: queue }

    await sweep({ ...bindings, SPILL: aSpill().queue }, config, toolsAt(NOW))

    expect(sent).toEqual([{ event, target: 'crm', attempt: 1, delaySeconds: 0 }])
  },
)

it('is not kept back by those of which nobody knows whether their target wants them', async () => {
  const crm = { name: 'crm', url: 'https://crm.example/', events: ['payment.*'] }
  const wanting = aConfig(crm)
  const first = await stored(wanting, 'hype', aPayment())
  for (let i = 1; i < 6; i++) {
    await stored(wanting, 'hype', aPayment(), { now: NOW + i })
  }
  await env.DB.batch([
    env.DB.prepare(`UPDATE deliveries SET state = 'held', reason = 'broken'`),
    env.DB.prepare(
      `UPDATE deliveries SET reason = 'open', attempt = 2, body = '{}', content_type = 'application/json'
       WHERE event = CAST(?1 AS INTEGER)`,
    ).bind(keyOfId(first)),
    backOff(),
  ])
  const world = aWorld(
    aConfig({ ...crm, where: 'false' }),
    () => undefined,
    () => new Response(''),
  )

  await world.live(2)

  expect(world.received.map(({ event }) => event)).toEqual([first])
})

it.each([false, true])(
  'reads no more rows for more that are held (ordered: %s)',
  async (isOrdered) => {
    const first = BigInt(firstKeyAt(NOW))
    await env.DB.batch([
      env.DB.prepare(
        `INSERT INTO events (key, source, vendor, status, type, contact, planned, hops, dedup_key, encoding, headers, event, at)
       WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999)
       SELECT CAST(?1 AS INTEGER) + i * ${KEYS_PER_MS}, 'hype', 'hype', 'accepted', 'payment.created', 'p' || i, 1, 0,
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
    expect(keyOfId(probe?.event ?? 'evt_00000000000')).toBe(firstKeyAt(NOW + 999))
    expect(rows.reduce((sum, read) => sum + read, 0)).toBeLessThan(150)
  },
)
