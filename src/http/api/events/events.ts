// Events: lists, one in full, and replaying one.
import { Hono } from 'hono/tiny'
import * as v from 'valibot'
import { isEventId } from '../../../core/id.ts'
import type { Env } from '../../../env.ts'
import { replayEvent } from '../../../stages/operate/acts/events.ts'
import { getEvent, listEvents } from '../../../store/events/events.ts'
import { body, describe, query } from '../../operation.ts'
import { operatorOf } from '../../operator.ts'
import { withPresentReasons } from '../../present-reason.ts'
import { refusalProblem } from '../../refusals.ts'
import type { ApiTools } from '../../tools.ts'
import { Event, EventReplay, EventStatus, EventSummary, pageOf } from '../answers/index.ts'
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
  status: oneOrMore(EventStatus, 'Statuses of events'),
  unrouted: v.pipe(Flag, v.description('Only events without deliveries')),
}

const ReplayBody = v.strictObject({
  targets: v.optional(v.array(v.string('must be a string'), 'must be a list of target names')),
  dry_run: flag(false),
  force: v.pipe(
    flag(false),
    v.description('Send it also to named targets that never wanted it; they are refused otherwise'),
  ),
})

/** The routes of `/api/events`. */
export function events({ configOf, ...tools }: ApiTools) {
  return new Hono<{ Bindings: Env }>()
    .get(
      '/',
      describe({
        summary: 'Events that match the filter, newest first',
        details: PAGES,
        answers: { 200: pageOf('events', EventSummary) },
      }),
      query(v.strictObject(eventListEntries)),
      async (c) => {
        const { limit, next: cursor, status, unrouted, ...rest } = c.req.valid('query')
        const filter = { ...eventFilterOf(rest, tools.now()), statuses: status, unrouted }
        const { items, next } = await listEvents(c.env.DB, filter, { limit, cursor })
        return c.json({ events: items, next: next ?? null })
      },
    )
    .get(
      '/:id',
      describe({
        summary: 'An event in full: the received payload, the normalized event, and its deliveries',
        details: 'With every attempt of each delivery, and when the next one is due.',
        answers: { 200: Event },
        problems: [404],
      }),
      async (c) => {
        const id = c.req.param('id')
        const event = isEventId(id) ? await getEvent(c.env, id) : undefined
        if (event === undefined) return refusalProblem({ kind: 'unknown_event' })
        const { deliveries } = event
        const shown = await withPresentReasons(c.env.DB, configOf(c.env), deliveries)
        return c.json({ ...event, deliveries: shown })
      },
    )
    .post(
      '/:id/replay',
      describe({
        summary: 'Send an event again, to the named targets or to all that it has deliveries for',
        details: 'With `dry_run`, only lists the targets.',
        answers: { 200: EventReplay },
        problems: [404, 409],
      }),
      body(ReplayBody),
      async (c) => {
        const { targets, dry_run: isDryRun, force } = c.req.valid('json')
        const options = { targets, isDryRun, force }
        const replay = await replayEvent(operatorOf(c, configOf), c.req.param('id'), options, tools)
        return replay.ok ? c.json(replay.value) : refusalProblem(replay.error)
      },
    )
}
