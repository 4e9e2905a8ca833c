// `/console/events`: the log, one event, and sending or reading it again.
import type { Context } from 'hono'
import { Hono } from 'hono/tiny'
import * as v from 'valibot'
import { EventPage } from '../../../console/events/event.tsx'
import { Events } from '../../../console/events/events.tsx'
import { RenormalizePage } from '../../../console/operate/renormalization.tsx'
import { type EventId, idOfKey, isEventId, keyOfId, timeOfId } from '../../../core/id.ts'
import { sendAgain } from '../../../stages/deliveries/replay-event.ts'
import { renormalize } from '../../../stages/operate/renormalize.ts'
import { type EventDetail, getEvent, listEvents } from '../../../store/events/events.ts'
import { eventListEntries } from '../../api/events/events.ts'
import { eventFilterOf } from '../../api/fields.ts'
import type { ApiTools } from '../../tools.ts'
import { acted, fieldsOf, goTo, refuse, show } from '../frame.ts'
import { queryOf } from '../query.ts'
import type { ConsoleEnv } from '../session.ts'
import { viewOf } from './event-view.ts'

// No address stands in one of ours: who looks for one posts it (find.ts).
const { email: _, ...entries } = eventListEntries
const ListQuery = v.strictObject(entries)

/** The routes of the log. */
export function events(tools: ApiTools) {
  const { configOf, now, log } = tools
  return new Hono<ConsoleEnv>()
    .get('/', async (c) => {
      const query = queryOf(c, ListQuery, ['paused'])
      if (!query.ok) return refuse(c, query.error)
      const { limit, next: cursor, status, unrouted, ...asked } = query.value.value
      const filter = { ...eventFilterOf(asked, now()), statuses: status, unrouted }
      const { items, next } = await listEvents(c.env.DB, filter, { limit, cursor })
      const sources = [...configOf(c.env).sources.keys(), 'relay']
      const view = { asked: query.value.asked, sources, events: items, next }
      return show(c, 'Events', <Events {...view} />)
    })
    .get('/:id', async (c) => {
      const event = await eventOf(c)
      if (event === undefined) return unknownEvent(c)
      const view = viewOf(event, configOf(c.env), new URL(c.req.url).origin, now())
      return show(c, event.id, <EventPage event={view} />)
    })
    .post('/:id/replay', async (c) => {
      const event = await eventOf(c)
      if (event === undefined) return unknownEvent(c)
      const { target } = await fieldsOf(c)
      const options = target === undefined ? {} : { targets: [target] }
      const sent = await sendAgain(c.env, configOf(c.env), event, options, { now: now(), log })
      const back = `/console/events/${event.id}`
      if (!sent.ok) {
        const words =
          'unknown' in sent.error
            ? `There is no target ${sent.error.unknown.join(', ')}.`
            : `An event that is ${event.status} cannot be sent.`
        return goTo(c, back, words, 'refused')
      }
      const { replayed } = sent.value
      if (replayed.length === 0) {
        return goTo(
          c,
          back,
          'Nobody is sent it: what waits for an attempt is left as it is.',
          'refused',
        )
      }
      await acted(c, tools, 'replayed an event', `${event.id} to ${replayed.join(', ')}`)
      return goTo(c, back, `It is sent again to ${replayed.join(', ')}.`)
    })
    .get('/:id/renormalize', async (c) => {
      const event = await eventOf(c)
      if (event === undefined) return unknownEvent(c)
      const change = await readAgain(c, event, tools, { isDryRun: true, deliver: false })
      if (change === undefined) return notReadable(c, event)
      return show(c, 'Normalize again', <RenormalizePage change={change} />)
    })
    .post('/:id/renormalize', async (c) => {
      const event = await eventOf(c)
      if (event === undefined) return unknownEvent(c)
      const deliver = (await fieldsOf(c)).deliver === 'true'
      const change = await readAgain(c, event, tools, { isDryRun: false, deliver })
      if (change === undefined) return notReadable(c, event)
      const back = `/console/events/${event.id}`
      if (change.differences.length === 0) return goTo(c, back, 'Nothing has changed.', 'refused')
      await acted(c, tools, 'normalized an event again', event.id)
      return goTo(c, back, `It is changed${deliver ? ', and sent again' : ''}.`)
    })
}

async function eventOf(c: Context<ConsoleEnv>): Promise<EventDetail | undefined> {
  const id = c.req.param('id') ?? ''
  return isEventId(id) ? getEvent(c.env.DB, id) : undefined
}

function unknownEvent(c: Context<ConsoleEnv>): Response {
  return refuse(c, 'There is no event of this id.', 404)
}

function notReadable(c: Context<ConsoleEnv>, { id }: EventDetail): Response {
  const words = 'Only what was accepted, and whose bytes are kept, is read again.'
  return goTo(c, `/console/events/${id}`, words, 'refused')
}

/** What the present mapping makes of one event; undefined when it cannot be read again. */
async function readAgain(
  c: Context<ConsoleEnv>,
  { id, status, source, raw }: EventDetail,
  { configOf, ...tools }: ApiTools,
  how: { isDryRun: boolean; deliver: boolean },
) {
  if (status !== 'accepted' || raw.text === null) return undefined
  const at = timeOfId(id)
  const request = {
    period: { since: at, until: at + 1 },
    source,
    after: before(id),
    limit: 1,
    ...how,
  }
  const origin = new URL(c.req.url).origin
  const result = await renormalize(c.env, configOf(c.env), request, { ...tools, origin })
  const [change] = result.changed
  const [refused] = result.refused
  return {
    id,
    was: change?.was ?? '',
    is: change?.is ?? '',
    differences: change?.differences ?? [],
    refused: refused?.issues ?? [],
  }
}

/** The id before an id. */
function before(id: EventId): EventId {
  return idOfKey(BigInt(keyOfId(id)) - 1n)
}
