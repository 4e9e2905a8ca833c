// The floor that the relay is compared with: a Worker that writes as many rows of the same sizes in the same round trips to
// D1, sends as many messages, and posts their events. It does not authenticate, parse, compare, route or sign.

import type { DeliveryMessage } from '../../../src/core/deliveries/delivery.ts'
import { firstKeyAt, KEYS_PER_MS, keyOfId } from '../../../src/core/id.ts'
import type { Template } from '../tools/template.ts'

type Env = { DB: D1Database; DELIVERIES: Queue<unknown>; RECEIVERS: Record<string, string> }

const KIND = "substr(type, 1, instr(type, '.') - 1)"
const OF_CONTACT = `status IN ('accepted', 'derived') AND source = ?1 AND contact = ?2 AND ${KIND} = ?3`

// The limit is not a parameter: SQLite plans by the limit, and would parse the statement again each time.
const historyOf = (limit: number) =>
  `SELECT event FROM events WHERE ${OF_CONTACT} ORDER BY at DESC LIMIT ${limit}`
const EVENT = `INSERT INTO events (key, source, vendor, type, vendor_type, contact, event, dedup_key, dedup_stamp,
  planned, hops, raw, encoding, headers, event_name, at, status)
VALUES (CAST(?1 AS INTEGER), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 0, ?11, 'utf8', ?12, ?13, ?14, 'accepted')`
const deliveryOf = (_: string, i: number) =>
  `(CAST(?1 AS INTEGER), ?${i + 3}, 'pending', 1, ?2, '[]')`
const CONTACT = `INSERT INTO contacts (source, contact, vendor, person, sites) VALUES (?1, ?2, ?3, CAST(?4 AS INTEGER), '[]')
ON CONFLICT DO NOTHING`
const SEGMENT =
  'INSERT INTO segments (start, until, counted) VALUES (?1, ?1 + 3600000, 0) ON CONFLICT DO NOTHING'
const OTHERS = `SELECT 1 FROM events WHERE ${OF_CONTACT} AND at > ?4 LIMIT 1`

let template: Template | undefined
let count = 0

export default {
  async fetch(request, env, ctx) {
    if (request.method === 'PUT') {
      template = (await request.json()) as Template
      return new Response()
    }
    if (template === undefined) return new Response('no template', { status: 500 })
    return accept(env, ctx, template, await request.text())
  },
  queue: post,
} satisfies ExportedHandler<Env, DeliveryMessage>

async function accept(
  { DB, DELIVERIES }: Env,
  ctx: ExecutionContext,
  it: Template,
  raw: string,
): Promise<Response> {
  const { row, contacts, targets } = it
  const now = Date.now()
  const key = String(Number(firstKeyAt(now)) + (count++ % KEYS_PER_MS))
  const contact = contacts[count % contacts.length] ?? ''
  const [kind = ''] = row.type.split('.')
  const who = [row.source, contact, kind]
  if (it.history > 0) await DB.batch([DB.prepare(historyOf(it.history)).bind(...who)])
  // As long as a SHA-256, and unique.
  const hash = `${count}-${Math.random()}`.padEnd(43, '=')
  const deliveries = `INSERT INTO deliveries (event, target, state, attempt, due, attempts)
    VALUES ${targets.map(deliveryOf).join()}`
  await DB.batch([
    DB.prepare(EVENT).bind(
      ...[key, row.source, row.vendor, row.type, row.vendor_type, contact, row.event, hash],
      ...[String(now), targets.length, raw, row.headers, row.event_name, now],
    ),
    DB.prepare(deliveries).bind(key, now, ...targets),
    DB.prepare(CONTACT).bind(row.source, contact, row.vendor, key),
    DB.prepare(SEGMENT).bind(now - (now % 3_600_000)),
    ...(it.checksOthers ? [DB.prepare(OTHERS).bind(...who, now)] : []),
  ])
  const sent = DELIVERIES.sendBatch(
    targets.map((target) => ({ body: { event: `evt_${key}`, target, attempt: 1, due: now } })),
  )
  ctx.waitUntil(sent)
  return Response.json({ id: `evt_${key}`, status: 'accepted' }, { status: 202 })
}

const DUE = `SELECT CAST(d.event AS TEXT) AS key, d.target, e.event FROM json_each(?1) AS wanted
CROSS JOIN deliveries AS d ON d.event = CAST(wanted.value ->> 'key' AS INTEGER) AND d.target = wanted.value ->> 'target'
CROSS JOIN events AS e ON e.key = d.event WHERE d.state = 'pending'`
const DELIVERED = `UPDATE deliveries SET state = 'delivered', due = NULL, attempt = 2, attempts = ?3
WHERE event = CAST(?1 AS INTEGER) AND target = ?2`

/** The connections of an invocation on Cloudflare; the local runtime would allow more. */
const CONNECTIONS = 6

/** Reads the deliveries of a batch, posts them, and records each response, in two round trips. */
async function post(batch: MessageBatch<DeliveryMessage>, { DB, RECEIVERS }: Env): Promise<void> {
  const wanted = batch.messages.map(({ body }) => ({
    key: keyOfId(body.event),
    target: body.target,
  }))
  const { results } = await DB.prepare(DUE)
    .bind(JSON.stringify(wanted))
    .all<{ key: string; target: string; event: string }>()
  const updates: D1PreparedStatement[] = []
  const worker = async () => {
    for (let row = results.shift(); row; row = results.shift()) {
      const { key, target, event } = row
      const at = Date.now()
      const { status } = await fetch(RECEIVERS[target] ?? '', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: event,
      })
      const attempt = { attempt: 1, at: new Date(at).toISOString(), ms: Date.now() - at, status }
      updates.push(DB.prepare(DELIVERED).bind(key, target, JSON.stringify([attempt])))
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, worker))
  await DB.batch(updates)
}
