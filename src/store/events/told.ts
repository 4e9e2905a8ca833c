// What a target was told about an event: by its delivery, and by the corrections of it.
import type { DeliveryState } from '../../core/deliveries/delivery.ts'
import { readFacts } from '../../core/events/facts/fact-text.ts'
import { CORRECTED } from '../../core/events/facts/facts.ts'
import { type EventId, idOfKey, keyOfId } from '../../core/id.ts'
import { withoutReferences } from '../../core/intake/references.ts'
import { type PackLine, rowsOf } from '../../core/ledger/pack-line.ts'
import { kindOf } from './history.ts'
import type { PackEnv } from './packs/packs.ts'
import { readPacked } from './packs/read.ts'

/** An event that is corrected, its contact, the target, and the correction that is to be sent. */
type Corrected = {
  event: EventId
  source: string
  contact: string
  target: string
  correction: { id: EventId; type: string }
}

/** The delivery of the corrected event, and the last body that told the target about it; null before the first one. */
export type Told = {
  state: DeliveryState
  due: number | null
  body: string | null
  /** Whether a later correction told it already. */
  isLater: boolean
}

// One row, whatever there is. `corrected`: the last one that was sent, of those in rows. `facts`: of the contact's packed events.
const TOLD = `
SELECT e.key IS NOT NULL AS is_hot, d.state, d.due, d.attempt, COALESCE(d.body, e.event) AS body, (
  SELECT json_array(CAST(c.key AS TEXT), COALESCE(sent.body, c.event)) FROM events AS c
  CROSS JOIN deliveries AS sent ON sent.event = c.key AND sent.target = ?2 AND sent.attempt > 1
  WHERE c.status IN ('accepted', 'derived') AND c.source = ?3 AND c.contact = ?4
    AND ${kindOf('c.type')} = ${kindOf('?5')} AND c.type = ?5 AND c.key <> CAST(?6 AS INTEGER)
    AND c.event ->> '$.data.corrects' = ?7
  ORDER BY c.key DESC LIMIT 1) AS corrected,
  (SELECT f.facts FROM packed_contacts AS p CROSS JOIN packed_facts AS f ON f.contact = p.number
   WHERE p.source = ?3 AND p.contact = ?4) AS facts
FROM (SELECT 1) LEFT JOIN events AS e ON e.key = CAST(?1 AS INTEGER) LEFT JOIN deliveries AS d ON d.event = e.key AND d.target = ?2`

type Row = Partial<Pick<Told, 'state'>> &
  Pick<Told, 'due' | 'body'> & {
    is_hot: number
    attempt: number
    corrected: string | null
    facts: string | null
  }

/** What one event told a target. */
type Telling = { id: EventId; body: string }

/**
 * Reads what a target was told about an event; undefined if it was never to be told. Throws like `readPacked` where the event
 * or a correction of it is packed.
 */
export async function readTold(env: PackEnv, corrected: Corrected): Promise<Told | undefined> {
  const { event, source, contact, target, correction } = corrected
  const row = await env.DB.prepare(TOLD)
    .bind(keyOfId(event), target, source, contact, correction.type, keyOfId(correction.id), event)
    .first<Row>()
  if (row === null) return undefined
  const corrections = packedCorrections(row, corrected)
  const packed = await readPacked(env, [...(row.is_hot ? [] : [event]), ...corrections])
  const own = row.is_hot ? hotDelivery(row) : packedDelivery(packed.get(event), target)
  if (own === undefined) return undefined
  const last = [
    ...hotTelling(row),
    ...corrections.flatMap((id) => packedTelling(packed.get(id), target)),
  ]
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .at(-1)
  const { state, due, attempt, body } = own
  const isLater = last !== undefined && last.id > correction.id
  return { state, due, body: last?.body ?? (attempt > 1 ? body : null), isLater }
}

function packedCorrections({ facts }: Row, { event, source, contact, correction }: Corrected) {
  if (facts === null) return []
  const list = readFacts(facts, { source, contact }).get(CORRECTED)?.facts ?? []
  return list
    .filter(({ event: { data } }) => (data as { corrects?: EventId }).corrects === event)
    .map(({ id }) => id)
    .filter((id) => id !== correction.id)
}

type OwnDelivery = Pick<Told, 'state' | 'due' | 'body'> & { attempt: number }

/** What is concluded are short strings: none of them is a reference to a large body. */
function hotDelivery({ state, due, attempt, body }: Row): OwnDelivery | undefined {
  return state == null ? undefined : { state, due, attempt, body: body && withoutReferences(body) }
}

function packedDelivery(line: PackLine | undefined, target: string): OwnDelivery | undefined {
  if (line === undefined) return undefined
  const { event, deliveries } = rowsOf(line)
  const own = deliveries.find((delivery) => delivery.target === target)
  if (own === undefined) return undefined
  const { state, due, attempt, body } = own
  return { state: state as DeliveryState, due, attempt, body: body ?? event.event }
}

function hotTelling({ corrected }: Row): Telling[] {
  if (corrected === null) return []
  const [key, body] = JSON.parse(corrected) as [string, string]
  return [{ id: idOfKey(key), body: withoutReferences(body) }]
}

function packedTelling(line: PackLine | undefined, target: string): Telling[] {
  const own = packedDelivery(line, target)
  return line && own && own.attempt > 1 ? [{ id: line.id, body: own.body ?? '' }] : []
}
