// `/console/events`: the log, one event, and replaying or renormalizing it.
import { Hono } from 'hono/tiny'
import * as v from 'valibot'
import { EventPage } from '../../../console/events/event.tsx'
import { ResendQuestion } from '../../../console/events/event-deliveries.tsx'
import { Events } from '../../../console/events/events.tsx'
import { RenormalizePage } from '../../../console/operate/renormalization.tsx'
import { RELAY_SOURCE } from '../../../core/events/system-event.ts'
import { isEventId } from '../../../core/id.ts'
import { rightTargets } from '../../../stages/deliveries/replay-event.ts'
import { renormalizeEvent, replayEvent } from '../../../stages/operate/acts/events.ts'
import { listHealth } from '../../../store/deliveries/targets.ts'
import { getEvent, listEvents } from '../../../store/events/events.ts'
import { eventListEntries } from '../../api/events/events.ts'
import { eventFilterOf } from '../../api/fields.ts'
import type { ApiTools } from '../../tools.ts'
import { fieldsOf, goTo, show, showError, showRefusal, signedIn } from '../frame.ts'
import { queryOf, searchedTo } from '../query.ts'
import type { ConsoleEnv } from '../session.ts'
import { viewOf } from './event-view.ts'

// No e-mail address is part of a URL of the console: searches for one are posted (find.ts).
const { email: _, ...entries } = eventListEntries
const ListQuery = v.strictObject(entries)

/** The routes of the log. */
export function events(tools: ApiTools) {
  const { configOf, now } = tools
  const pageOf = (id: string) => `/console/events/${encodeURIComponent(id)}`
  return new Hono<ConsoleEnv>()
    .get('/', async (c) => {
      const read = queryOf(c, ListQuery, ['paused'])
      if (!read.ok) return showError(c, read.error)
      const { limit, next: cursor, status, unrouted, ...rest } = read.value.value
      const filter = { ...eventFilterOf(rest, now()), statuses: status, unrouted }
      const { items, next } = await listEvents(c.env.DB, filter, { limit, cursor })
      const sources = [...configOf(c.env).sources.keys(), RELAY_SOURCE]
      const view = {
        query: read.value.query,
        sources,
        events: items,
        next,
        searchedTo: searchedTo(next),
      }
      return show(c, 'Events', <Events {...view} />)
    })
    .get('/:id', async (c) => {
      const id = c.req.param('id')
      const event = isEventId(id) ? await getEvent(c.env, id) : undefined
      if (event === undefined) return showRefusal(c, { kind: 'unknown_event' }, undefined)
      const { origin } = new URL(c.req.url)
      const config = configOf(c.env)
      const right = await rightTargets(event, config, now())
      const view = viewOf(
        event,
        { config, healths: await listHealth(c.env.DB), right },
        origin,
        now(),
      )
      return show(c, event.id, <EventPage event={view} />)
    })
    .post('/:id/replay', async (c) => {
      const id = c.req.param('id')
      const { target, force } = await fieldsOf(c)
      const options = target === undefined ? {} : { targets: [target], force: force === 'true' }
      const replay = await replayEvent(signedIn(c, tools), id, options, tools)
      if (!replay.ok && replay.error.kind === 'not_wanted' && target !== undefined) {
        return show(c, 'Resend', <ResendQuestion id={id} target={target} />)
      }
      if (!replay.ok) return showRefusal(c, replay.error, pageOf(id))
      const { replayed } = replay.value
      return replayed.length === 0
        ? goTo(
            c,
            pageOf(id),
            'Nothing was sent: every delivery still awaits an attempt.',
            'refused',
          )
        : goTo(c, pageOf(id), `Resent to ${replayed.join(', ')}.`)
    })
    .get('/:id/renormalize', async (c) => {
      const id = c.req.param('id')
      const mode = { isDryRun: true, deliver: false }
      const change = await renormalizeEvent(signedIn(c, tools), id, mode, tools)
      if (!change.ok) return showRefusal(c, change.error, pageOf(id))
      return show(c, 'Normalize again', <RenormalizePage change={change.value} />)
    })
    .post('/:id/renormalize', async (c) => {
      const id = c.req.param('id')
      const deliver = (await fieldsOf(c)).deliver === 'true'
      const mode = { isDryRun: false, deliver }
      const change = await renormalizeEvent(signedIn(c, tools), id, mode, tools)
      if (!change.ok) return showRefusal(c, change.error, pageOf(id))
      return change.value.differences.length === 0
        ? goTo(c, pageOf(id), 'Nothing has changed.', 'refused')
        : goTo(c, pageOf(id), `The event was changed${deliver ? ' and resent' : ''}.`)
    })
}
