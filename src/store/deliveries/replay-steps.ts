// What a replay by filter matches, and its next deliveries set going.
import type { DeliveryMessage } from '../../core/deliveries/delivery.ts'
import type { ReplayFilter } from '../../core/deliveries/replay.ts'
import { type EventId, idOfKey, isPersonId, keyOfId } from '../../core/id.ts'
import { EMAIL_PREFIX } from '../events/contacts.ts'
import { markSegments } from '../segments.ts'
import { type MessageRow, messageOf } from './messages.ts'
import { keyBoundsOf, type Position, type RunningReplay } from './replays.ts'
import { RECHECK_REASON } from './restart-deliveries.ts'

/** How many deliveries match, and for whom: by target, type and state, and of how many contacts. */
export type ReplayPlan = {
  total: number
  people: number
  targets: Record<string, number>
  types: Record<string, number>
  states: Record<string, number>
}

// What waits for an attempt is on its way. `filter` and `targets` are parameters: a filter as
// `boundFilter` gives it, and the targets that exist.
const matchesOf = (filter: string, targets: string) => `
d.state NOT IN ('pending', 'retrying')
AND d.target IN (SELECT value FROM json_each(${targets}))
AND (${filter} ->> 'targets' IS NULL OR d.target IN (SELECT value FROM json_each(${filter}, '$.targets')))
AND (${filter} ->> 'states' IS NULL OR d.state IN (SELECT value FROM json_each(${filter}, '$.states')))
AND (${filter} ->> 'sources' IS NULL OR e.source IN (SELECT value FROM json_each(${filter}, '$.sources')))
AND (${filter} ->> 'types' IS NULL OR EXISTS (
  SELECT 1 FROM json_each(${filter}, '$.types') AS pattern
  WHERE pattern.value = e.type OR (pattern.value LIKE '%*'
    AND substr(pattern.value, 1, length(pattern.value) - 1) = substr(e.type, 1, length(pattern.value) - 1))))
AND (${filter} ->> 'person' IS NULL OR e.contact = ${filter} ->> 'person' OR e.contact = '${EMAIL_PREFIX}' || lower(${filter} ->> 'person')
  OR e.event ->> '$.data.contact.email_normalized' = lower(${filter} ->> 'person')
  OR EXISTS (SELECT 1 FROM contacts AS c WHERE c.source = e.source AND c.contact = e.contact
    AND c.person = COALESCE((SELECT merged_into FROM merged_people WHERE person = CAST(${filter} ->> 'personKey' AS INTEGER)),
      CAST(${filter} ->> 'personKey' AS INTEGER))))`

/** A filter as the statements read it: with the key of the person, where one is named by id. */
function boundFilter(filter: ReplayFilter): string {
  const { person } = filter
  const known = person !== undefined && isPersonId(person)
  return JSON.stringify(known ? { ...filter, personKey: keyOfId(person) } : filter)
}

/** Counts the deliveries to some targets that a filter matches. Reads all of the period that it names. */
export async function countReplay(
  db: D1Database,
  filter: ReplayFilter,
  targets: readonly string[],
  now: number,
): Promise<ReplayPlan> {
  const [first, last] = keyBoundsOf(filter, now)
  const bound = [boundFilter(filter), JSON.stringify(targets), first, last]
  const from = `FROM deliveries AS d CROSS JOIN events AS e ON e.key = d.event
    WHERE d.event >= CAST(?3 AS INTEGER) AND d.event < CAST(?4 AS INTEGER) AND ${matchesOf('?1', '?2')}`
  const [groups, people] = await db.batch([
    db
      .prepare(`SELECT d.target, e.type, d.state, count(*) AS count ${from} GROUP BY 1, 2, 3`)
      .bind(...bound),
    db
      .prepare(`SELECT count(DISTINCT e.source || ' ' || e.contact) AS people ${from}`)
      .bind(...bound),
  ])
  const rows = (groups?.results ?? []) as {
    target: string
    type: string
    state: string
    count: number
  }[]
  const by = (key: 'target' | 'type' | 'state') => {
    const sums = new Map<string, number>()
    for (const row of rows) sums.set(row[key], (sums.get(row[key]) ?? 0) + row.count)
    return Object.fromEntries(sums)
  }
  return {
    total: rows.reduce((sum, { count }) => sum + count, 0),
    people: (people?.results[0] as { people: number } | undefined)?.people ?? 0,
    targets: by('target'),
    types: by('type'),
    states: by('state'),
  }
}

/** Deliveries that one look goes through, whether they match or not: it bounds the rows that a step reads. */
const WINDOW = 5000

/** What one look found: at most `limit` deliveries that match, how far it came, and whether that is the end. */
export type Look = { found: { event: EventId; target: string }[]; place: Position; isEnd: boolean }

/** Looks for the next deliveries of a replay. */
export async function findNextMatches(
  db: D1Database,
  { filter, place, last }: RunningReplay,
  targets: readonly string[],
  limit: number,
): Promise<Look> {
  const bound = [place.event, place.target, last]
  const matches = matchesOf('?4', '?5')
  const seen = `
    SELECT event, target FROM deliveries
    WHERE (event, target) > (CAST(?1 AS INTEGER), ?2) AND event < CAST(?3 AS INTEGER)
    ORDER BY event, target LIMIT ${WINDOW}`
  const [found, end] = await db.batch([
    db
      .prepare(
        `SELECT CAST(d.event AS TEXT) AS event, d.target FROM (${seen}) AS seen
         CROSS JOIN deliveries AS d ON d.event = seen.event AND d.target = seen.target
         CROSS JOIN events AS e ON e.key = d.event
         WHERE ${matches} ORDER BY d.event, d.target LIMIT ?6`,
      )
      .bind(...bound, boundFilter(JSON.parse(filter)), JSON.stringify(targets), limit),
    db
      .prepare(
        `SELECT CAST(event AS TEXT) AS event, target, (SELECT count(*) FROM (${seen})) AS count
         FROM (${seen}) ORDER BY event DESC, target DESC LIMIT 1`,
      )
      .bind(...bound),
  ])
  const rows = (found?.results ?? []) as Position[]
  const furthest = (end?.results[0] ?? { ...place, count: 0 }) as Position & { count: number }
  const isFull = rows.length === limit
  return {
    found: rows.map(({ event, target }) => ({ event: idOfKey(event), target })),
    place: isFull ? (rows.at(-1) ?? place) : { event: furthest.event, target: furthest.target },
    isEnd: !isFull && furthest.count < WINDOW,
  }
}

/** A delivery of a replay, and when it is due in epoch milliseconds. */
export type DueDelivery = { event: EventId; target: string; due: number }

/**
 * Sets deliveries going and moves their replay on, in one transaction: nothing happens when somebody else moved it, or
 * stopped it. Gives the messages; what has begun to wait for an attempt meanwhile is left as it is.
 */
export async function advanceReplay(
  db: D1Database,
  replay: RunningReplay,
  { place, isEnd }: Look,
  deliveries: readonly DueDelivery[],
  nextDue: number,
  now: number,
): Promise<DeliveryMessage[]> {
  const wanted = deliveries.map((delivery) => ({ ...delivery, event: keyOfId(delivery.event) }))
  const isHere = `EXISTS (SELECT 1 FROM replays WHERE key = CAST(?1 AS INTEGER) AND state = 'running'
    AND event = CAST(?2 AS INTEGER) AND target = ?3)`
  const here = [keyOfId(replay.id), replay.place.event, replay.place.target]
  const [moved] = await db.batch([
    db
      .prepare(
        `UPDATE deliveries SET state = CASE WHEN attempt = 1 THEN 'pending' ELSE 'retrying' END,
           reason = ${RECHECK_REASON}, replayed = attempt > 1, first = attempt, due = wanted.value ->> 'due'
         FROM json_each(?4) AS wanted
         WHERE event = CAST(wanted.value ->> 'event' AS INTEGER) AND target = wanted.value ->> 'target'
           AND state NOT IN ('pending', 'retrying') AND ${isHere}
         RETURNING CAST(event AS TEXT) AS key, target, attempt, due`,
      )
      .bind(...here, JSON.stringify(wanted)),
    markSegments(
      db,
      deliveries.map(({ event }) => event),
      'delivered',
    ),
    db
      .prepare(
        `UPDATE replays SET event = CAST(?4 AS INTEGER), target = ?5, next_due = ?6, replayed = replayed + ?7,
           state = CASE WHEN ?8 THEN 'done' ELSE state END, ended = CASE WHEN ?8 THEN ?9 END
         WHERE key = CAST(?1 AS INTEGER) AND ${isHere}`,
      )
      .bind(...here, place.event, place.target, nextDue, deliveries.length, isEnd ? 1 : 0, now),
  ])
  return ((moved?.results ?? []) as MessageRow[]).map(messageOf)
}
