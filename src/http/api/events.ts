// The log: what came, what was made of it, what became of its deliveries; and one event sent again.
import { Hono } from 'hono'
import * as v from 'valibot'
import { EVENT_STATUSES } from '../../core/event.ts'
import { isEventId } from '../../core/id.ts'
import type { Env } from '../../env.ts'
import { sendAll } from '../../stages/sending.ts'
import { getEvent, listEvents } from '../../store/events.ts'
import { replayEvent } from '../../store/replay-event.ts'
import { problem } from '../problems.ts'
import type { ApiTools } from './index.ts'
import { Flag, Id, Limit, readBody, readQuery } from './read.ts'

const ListQuery = v.object({
  limit: Limit,
  before: v.optional(Id),
  status: v.optional(v.picklist(EVENT_STATUSES, `must be one of ${EVENT_STATUSES.join(', ')}`)),
  unrouted: Flag,
})

const ReplayBody = v.object({
  targets: v.optional(v.array(v.string('must be a text'), 'must be a list of target names')),
  dry_run: v.optional(v.boolean('must be true or false'), false),
})

/** The routes of `/api/events`. */
export function events({ configOf, now }: ApiTools) {
  return new Hono<{ Bindings: Env }>()
    .get('/', async (c) => {
      const query = readQuery(c, ListQuery)
      if (!query.ok) return query.error
      const { limit } = query.value
      const page = await listEvents(c.env.DB, query.value)
      const next = page.length === limit ? (page.at(-1)?.id ?? null) : null
      return c.json({ events: page, next })
    })
    .get('/:id', async (c) => {
      const event = await eventOf(c.env.DB, c.req.param('id'))
      return event === undefined ? unknownEvent() : c.json(event)
    })
    .post('/:id/replay', async (c) => {
      const event = await eventOf(c.env.DB, c.req.param('id'))
      if (event === undefined) return unknownEvent()
      if (event.status !== 'accepted' && event.status !== 'derived') {
        return problem(409, 'not-replayable', `An event that is ${event.status} cannot be sent.`)
      }
      const body = await readBody(c, ReplayBody)
      if (!body.ok) return body.error
      const known = configOf(c.env).targets.map(({ name }) => name)
      const wanted = body.value.targets ?? event.deliveries.map(({ target }) => target)
      const unknown = wanted.filter((name) => !known.includes(name))
      if (body.value.targets && unknown.length > 0) {
        return problem(404, 'unknown-target', `There is no target ${unknown.join(', ')}.`)
      }
      const { id } = event
      const targets = wanted.filter((name) => known.includes(name))
      if (body.value.dry_run) return c.json({ id, targets, replayed: [] })
      const isNamed = body.value.targets !== undefined
      const messages = await replayEvent(c.env.DB, id, targets, now(), { isNamed })
      await sendAll(c.env.RETRIES, messages, now())
      return c.json({ id, targets, replayed: messages.map(({ target }) => target) })
    })
}

async function eventOf(db: D1Database, id: string) {
  return isEventId(id) ? getEvent(db, id) : undefined
}

function unknownEvent(): Response {
  return problem(404, 'unknown-event', 'There is no event of this id.')
}
