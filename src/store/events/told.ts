// What a target was told about an event: by its delivery, and by the corrections of it.
import type { DeliveryState } from '../../core/deliveries/delivery.ts'
import { type EventId, keyOfId } from '../../core/id.ts'
import { withoutReferences } from '../../core/intake/references.ts'
import { kindOf } from './history.ts'

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

const TOLD = `
SELECT d.state, d.due, d.attempt, COALESCE(d.body, e.event) AS body, (
  SELECT json_array(c.key > CAST(?6 AS INTEGER), COALESCE(sent.body, c.event)) FROM events AS c
  CROSS JOIN deliveries AS sent ON sent.event = c.key AND sent.target = ?2 AND sent.attempt > 1
  WHERE c.status IN ('accepted', 'derived') AND c.source = ?3 AND c.contact = ?4
    AND ${kindOf('c.type')} = ${kindOf('?5')} AND c.type = ?5 AND c.key <> CAST(?6 AS INTEGER)
    AND c.event ->> '$.data.corrects' = ?7
  ORDER BY c.key DESC LIMIT 1) AS corrected
FROM deliveries AS d CROSS JOIN events AS e ON e.key = d.event
WHERE d.event = CAST(?1 AS INTEGER) AND d.target = ?2`

/** Reads what a target was told about an event; undefined if it was never to be told. */
export async function readTold(db: D1Database, corrected: Corrected): Promise<Told | undefined> {
  const { event, source, contact, target, correction } = corrected
  const row = await db
    .prepare(TOLD)
    .bind(keyOfId(event), target, source, contact, correction.type, keyOfId(correction.id), event)
    .first<Omit<Told, 'isLater'> & { attempt: number; corrected: string | null }>()
  if (row === null) return undefined
  const { state, due, attempt } = row
  const [isLater, body] = JSON.parse(row.corrected ?? '[0, null]') as [number, string | null]
  const own = attempt > 1 ? row.body : null
  const told = body ?? own
  // What is concluded are short strings.
  return { state, due, body: told && withoutReferences(told), isLater: isLater === 1 }
}
