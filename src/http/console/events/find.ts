// `/console/find`: from what somebody on the phone says to the page that knows of it. What is personal is posted, and
// stands in no address.
import type { Context } from 'hono'
import { Hono } from 'hono/tiny'
import { linkTo } from '../../../console/links.ts'
import { isEventId, isPersonId } from '../../../core/id.ts'
import { findPeople } from '../../../store/events/people.ts'
import type { ApiTools } from '../../tools.ts'
import { fieldsOf, goTo } from '../frame.ts'
import type { ConsoleEnv } from '../session.ts'

/** Persons that are shown; more have one address only by mistake. */
const MAX_FOUND = 20

/** The lists that can be of a person. */
const LISTS = ['/console/events', '/console/deliveries']

/** The route. */
export function find({ configOf }: ApiTools) {
  return new Hono<ConsoleEnv>().post('/', async (c) => {
    const { who = '', from } = await fieldsOf(c)
    const list = LISTS.find((path) => path === from)
    if (isEventId(who)) return c.redirect(`/console/events/${who}`, 303)
    if (isPersonId(who)) return c.redirect(pageOf(who, list), 303)
    const sources = [...configOf(c.env).sources.keys()]
    const wanted = who.includes('@') ? { email: who } : { contact: who, sources }
    const { items, next } = await findPeople(c.env.DB, wanted, { limit: MAX_FOUND })
    const [first, second] = items
    if (first !== undefined && second === undefined) {
      return c.redirect(pageOf(first.id, list), 303)
    }
    if (items.length > 1) {
      const ids = items.map(({ id }) => id).join(',')
      return c.redirect(linkTo('/console/people', { found: ids, more: next && 'yes' }), 303)
    }
    return nobody(c, who, list)
  })
}

function pageOf(person: string, list: string | undefined): string {
  return list === undefined ? `/console/people/${person}` : linkTo(list, { person })
}

function nobody(c: Context<ConsoleEnv>, who: string, list: string | undefined): Response {
  const back = list ?? '/console/people'
  if (who.includes('@')) {
    return goTo(
      c,
      back,
      'Nobody is known by this address now. Addresses of before are not looked for: try a contact id.',
      'refused',
    )
  }
  // A beginning of a contact's id is found along the log.
  return list === undefined
    ? goTo(c, back, 'No source knows a contact of this id.', 'refused')
    : c.redirect(linkTo(list, { q: who }), 303)
}
