// The log: what came, what was made of it, what became of its deliveries; and one event sent again.
import { Hono } from 'hono/tiny'
import * as v from 'valibot'
import { EVENT_STATUSES } from '../../../core/events/event.ts'
import { isEventId } from '../../../core/id.ts'
import type { Env } from '../../../env.ts'
import { sendAgain } from '../../../stages/deliveries/replay-event.ts'
import { getEvent, listEvents } from '../../../store/events/events.ts'
import { body, describe, query } from '../../operation.ts'
import { problem } from '../../problems.ts'
import type { ApiTools } from '../../tools.ts'
import { Event, EventReplay, EventSummary, pageOf } from '../answers/index.ts'
import {
  eventEntries,
  eventFilterOf,
  Flag,
  flag,
  oneOrMore,
  PAGES,
  pageEntries,
} from '../fields.ts'

/** The query of a list of events. */
export const eventListEntries = {
  ...pageEntries,
  ...eventEntries,
  status: oneOrMore(v.picklist(EVENT_STATUSES, `must be one of ${EVENT_STATUSES.join(', ')}`)),
  unrouted: Flag,
}

const ReplayBody = v.strictObject({
  targets: v.optional(v.array(v.string('must be a text'), 'must be a list of target names')),
  dry_run: flag(false),
})

/** The routes of `/api/events`. */
export function events({ configOf, now, log }: ApiTools) {
  return new Hono<{ Bindings: Env }>()
    .get(
      '/',
      describe({
        summary: 'Events that match all of a filter, the newest first',
        details: PAGES,
        answers: { 200: pageOf('events', EventSummary) },
      }),
      query(v.strictObject(eventListEntries)),
      async (c) => {
        const { limit, next: cursor, status, unrouted, ...asked } = c.req.valid('query')
        const filter = { ...eventFilterOf(asked, now()), statuses: status, unrouted }
        const { items, next } = await listEvents(c.env.DB, filter, { limit, cursor })
        return c.json({ events: items, next: next ?? null })
      },
    )
    .get(
      '/:id',
      describe({
        summary: 'One event whole: what came, what was made of it, what became of its deliveries',
        answers: { 200: Event },
        problems: [404],
      }),
      async (c) => {
        const event = await eventOf(c.env.DB, c.req.param('id'))
        return event === undefined ? unknownEvent() : c.json(event)
      },
    )
    .post(
      '/:id/replay',
      describe({
        summary: 'Send an event again, to some targets or to all that had it',
        answers: { 200: EventReplay },
        problems: [404, 409],
      }),
      body(ReplayBody),
      async (c) => {
        const event = await eventOf(c.env.DB, c.req.param('id'))
        if (event === undefined) return unknownEvent()
        const { targets, dry_run } = c.req.valid('json')
        const options = { targets, isDryRun: dry_run }
        const sent = await sendAgain(c.env, configOf(c.env), event, options, { now: now(), log })
        if (sent.ok) return c.json({ id: event.id, ...sent.value })
        return 'unknown' in sent.error
          ? problem(404, 'unknown-target', `There is no target ${sent.error.unknown.join(', ')}.`)
          : problem(409, 'not-replayable', `An event that is ${event.status} cannot be sent.`)
      },
    )
}

async function eventOf(db: D1Database, id: string) {
  return isEventId(id) ? getEvent(db, id) : undefined
}

function unknownEvent() {
  return problem(404, 'unknown-event', 'There is no event of this id.')
}
