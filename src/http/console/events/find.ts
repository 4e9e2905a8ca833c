// `/console/find`: search by an e-mail address or an ID. The search is posted, so that no URL contains personal data.
import type { Context } from 'hono'
import { Hono } from 'hono/tiny'
import { linkTo } from '../../../console/links.ts'
import { isEventId, isPersonId } from '../../../core/id.ts'
import { findPeople } from '../../../store/events/people.ts'
import type { ApiTools } from '../../tools.ts'
import { fieldsOf, goTo } from '../frame.ts'
import type { ConsoleEnv } from '../session.ts'

/** The most persons that are shown: more share an address only by mistake. */
const MAX_FOUND = 20

/** The lists that can be filtered by a person. */
const LISTS = ['/console/events', '/console/deliveries']

/** The route. */
export function find({ configOf }: ApiTools) {
  return new Hono<ConsoleEnv>().post('/', async (c) => {
    const { who = '', from } = await fieldsOf(c)
    const list = LISTS.find((path) => path === from)
    if (isEventId(who)) return c.redirect(`/console/events/${who}`, 303)
    if (isPersonId(who)) return c.redirect(pageOf(who, list), 303)
    const sources = [...configOf(c.env).sources.keys()]
    const search = who.includes('@') ? { email: who } : { contact: who, sources }
    const { items, next } = await findPeople(c.env.DB, search, { limit: MAX_FOUND })
    const [first, second] = items
    if (first !== undefined && second === undefined) {
      return c.redirect(pageOf(first.id, list), 303)
    }
    if (items.length > 1) {
      const ids = items.map(({ id }) => id).join(',')
      return c.redirect(linkTo('/console/people', { found: ids, more: next && 'yes' }), 303)
    }
    return noMatch(c, who, list)
  })
}

function pageOf(person: string, list: string | undefined): string {
  return list === undefined ? `/console/people/${person}` : linkTo(list, { person })
}

function noMatch(c: Context<ConsoleEnv>, who: string, list: string | undefined): Response {
  const back = list ?? '/console/people'
  if (who.includes('@')) {
    const text = `No match for "${who}". Only current addresses are searched: try the contact ID.`
    return goTo(c, back, text, 'refused')
  }
  // Events can be searched by a prefix of a contact ID.
  if (list !== undefined) return c.redirect(linkTo(list, { q: who }), 303)
  const text = `No match for "${who}". Search by full e-mail address, contact ID, evt_… or per_… (names cannot be searched).`
  return goTo(c, back, text, 'refused')
}
