// The steps of a replay by filter: counting the deliveries that match, finding the next ones, and restarting them.
import type { DeliveryMessage } from '../../core/deliveries/delivery.ts'
import type { ReplayFilter } from '../../core/deliveries/replay.ts'
import { EMAIL_PREFIX } from '../../core/events/contact-key.ts'
import { type EventId, idOfKey, isPersonId, keyOfId } from '../../core/id.ts'
import { markSegments } from '../segments.ts'
import { type MessageRow, messageOf } from './messages.ts'
import { keyBoundsOf, type ReplayPosition, type RunningReplay } from './replays.ts'
import { RECHECK_REASON } from './restart-deliveries.ts'

/** The deliveries that match a filter: how many in total, by target, type and state, and of how many contacts (`people`). */
export type ReplayPlan = {
  total: number
  people: number
  targets: Record<string, number>
  types: Record<string, number>
  states: Record<string, number>
}

// Deliveries that wait for an attempt need no replay. `filter` and `targets` are parameters of the statement: a filter as
// `bindFilter` returns it, and the configured targets as JSON.
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

/** Returns a filter as JSON for the statements, with the key of the person if the filter has a person's id. */
function bindFilter(filter: ReplayFilter): string {
  const { person } = filter
  const known = person !== undefined && isPersonId(person)
  return JSON.stringify(known ? { ...filter, personKey: keyOfId(person) } : filter)
}

/** Counts the deliveries to some targets that a filter matches. Reads every delivery of the filter's period. */
export async function countReplay(
  db: D1Database,
  filter: ReplayFilter,
  targets: readonly string[],
  now: number,
): Promise<ReplayPlan> {
  const [first, before] = keyBoundsOf(filter, now)
  const bound = [bindFilter(filter), JSON.stringify(targets), first, before]
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

/** The deliveries that one step reads at most, matching or not. */
const WINDOW = 5000

/** The matching deliveries of one step, the position that it has reached, and whether the replay ends there. */
type ReplayStep = {
  found: { event: EventId; target: string }[]
  position: ReplayPosition
  isEnd: boolean
}

/** Finds the next matching deliveries of a replay, at most `limit`, among the next `WINDOW` deliveries of the log. */
export async function findNextMatches(
  db: D1Database,
  { filter, position, before }: RunningReplay,
  targets: readonly string[],
  limit: number,
): Promise<ReplayStep> {
  const bound = [position.event, position.target, before]
  const matches = matchesOf('?4', '?5')
  const window = `
    SELECT event, target FROM deliveries
    WHERE (event, target) > (CAST(?1 AS INTEGER), ?2) AND event < CAST(?3 AS INTEGER)
    ORDER BY event, target LIMIT ${WINDOW}`
  const [found, end] = await db.batch([
    db
      .prepare(
        `SELECT CAST(d.event AS TEXT) AS event, d.target FROM (${window}) AS seen
         CROSS JOIN deliveries AS d ON d.event = seen.event AND d.target = seen.target
         CROSS JOIN events AS e ON e.key = d.event
         WHERE ${matches} ORDER BY d.event, d.target LIMIT ?6`,
      )
      .bind(...bound, bindFilter(JSON.parse(filter)), JSON.stringify(targets), limit),
    db
      .prepare(
        `SELECT CAST(event AS TEXT) AS event, target, (SELECT count(*) FROM (${window})) AS count
         FROM (${window}) ORDER BY event DESC, target DESC LIMIT 1`,
      )
      .bind(...bound),
  ])
  const rows = (found?.results ?? []) as ReplayPosition[]
  const reached = (end?.results[0] ?? { ...position, count: 0 }) as ReplayPosition & {
    count: number
  }
  const isFull = rows.length === limit
  return {
    found: rows.map(({ event, target }) => ({ event: idOfKey(event), target })),
    position: isFull ? (rows.at(-1) ?? position) : { event: reached.event, target: reached.target },
    isEnd: !isFull && reached.count < WINDOW,
  }
}

/**
 * A step with the time at which each of its deliveries is due. `nextDue`: when the next delivery after them may be due.
 * Times in epoch milliseconds.
 */
type ScheduledStep = Omit<ReplayStep, 'found'> & {
  deliveries: readonly { event: EventId; target: string; due: number }[]
  nextDue: number
}

/**
 * Restarts the deliveries of a step and moves the replay to the step's position, in one transaction. Neither happens if the
 * replay was stopped, or is no longer where the step began. Deliveries that wait for an attempt by now are left as they
 * are. Returns the messages of the others. `now` in epoch milliseconds.
 */
export async function advanceReplay(
  db: D1Database,
  replay: RunningReplay,
  { deliveries, nextDue, position, isEnd }: ScheduledStep,
  now: number,
): Promise<DeliveryMessage[]> {
  const wanted = deliveries.map((delivery) => ({ ...delivery, event: keyOfId(delivery.event) }))
  const isUnmoved = `EXISTS (SELECT 1 FROM replays WHERE key = CAST(?1 AS INTEGER) AND state = 'running'
    AND event = CAST(?2 AS INTEGER) AND target = ?3)`
  const current = [keyOfId(replay.id), replay.position.event, replay.position.target]
  const [restarted] = await db.batch([
    db
      .prepare(
        `UPDATE deliveries SET state = CASE WHEN attempt = 1 THEN 'pending' ELSE 'retrying' END,
           reason = ${RECHECK_REASON}, replayed = attempt > 1, first = attempt, due = wanted.value ->> 'due'
         FROM json_each(?4) AS wanted
         WHERE event = CAST(wanted.value ->> 'event' AS INTEGER) AND target = wanted.value ->> 'target'
           AND state NOT IN ('pending', 'retrying') AND ${isUnmoved}
         RETURNING CAST(event AS TEXT) AS key, target, attempt, due`,
      )
      .bind(...current, JSON.stringify(wanted)),
    markSegments(
      db,
      deliveries.map(({ event }) => event),
      'delivered',
    ),
    db
      .prepare(
        `UPDATE replays SET event = CAST(?4 AS INTEGER), target = ?5, next_due = ?6, replayed = replayed + ?7,
           state = CASE WHEN ?8 THEN 'done' ELSE state END, ended = CASE WHEN ?8 THEN ?9 END
         WHERE key = CAST(?1 AS INTEGER) AND ${isUnmoved}`,
      )
      .bind(
        ...current,
        position.event,
        position.target,
        nextDue,
        deliveries.length,
        isEnd ? 1 : 0,
        now,
      ),
  ])
  return ((restarted?.results ?? []) as MessageRow[]).map(messageOf)
}
