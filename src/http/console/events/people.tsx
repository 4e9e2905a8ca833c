// `/console/people`: persons across vendors, splitting a contact off, and merging persons.
import { Hono } from 'hono/tiny'
import * as v from 'valibot'
import { People, Person } from '../../../console/events/people.tsx'
import { WronglyJoined } from '../../../console/events/wrongly-joined.tsx'
import { isPersonal } from '../../../core/events/contact-key.ts'
import { isPersonId, type PersonId } from '../../../core/id.ts'
import { pluralize } from '../../../core/text.ts'
import { mergePerson, splitContactOff, splitPeople } from '../../../stages/operate/acts/people.ts'
import { getTimeline } from '../../../store/deliveries/lists/delivery-lists.ts'
import {
  getPerson,
  type Person as StoredPerson,
  sharedAddressesOf,
} from '../../../store/events/people.ts'
import { findWronglyJoined } from '../../../store/events/wrongly-joined.ts'
import { getErasure } from '../../../store/operate/erasure/erasures.ts'
import { SplitBody } from '../../api/events/people.ts'
import { pageEntries } from '../../api/fields.ts'
import type { ApiTools } from '../../tools.ts'
import { fieldsOf, goTo, show, showError, showRefusal, signedIn } from '../frame.ts'
import { describeIssue, queryOf } from '../query.ts'
import type { ConsoleEnv } from '../session.ts'

const PATH = '/console/people'
const MAX_FOUND = 20

/** The routes of persons. */
export function people(tools: ApiTools) {
  const page = (id: string) => `${PATH}/${encodeURIComponent(id)}`
  return new Hono<ConsoleEnv>()
    .get('/', async (c) => {
      const ids = (c.req.query('found') ?? '').split(',').filter(isPersonId).slice(0, MAX_FOUND)
      const found = await Promise.all(ids.map((id) => getPerson(c.env.DB, id)))
      return show(
        c,
        'People',
        <People found={found.filter(isPresent)} areMore={c.req.query('more') === 'yes'} />,
      )
    })
    .get('/wrongly-joined', async (c) => {
      const given = c.req.query('after') ?? ''
      const after = isPersonId(given) ? given : undefined
      const listed = tools.configOf(c.env).sharedAddresses
      const page = await findWronglyJoined(c.env.DB, after, listed)
      return show(c, 'Wrongly joined', <WronglyJoined {...page} />)
    })
    .post('/wrongly-joined/split', async (c) => {
      const { people } = await splitPeople(signedIn(c, tools), undefined, tools)
      const split = pluralize(people.length, 'person', 'people')
      return goTo(c, `${PATH}/wrongly-joined`, `${split} split.`)
    })
    .get('/:id', async (c) => {
      const id = c.req.param('id')
      const person = isPersonId(id) ? await getPerson(c.env.DB, id) : undefined
      if (isPersonId(id) && person === undefined && (await getErasure(c.env.DB, id))) {
        return c.redirect(`${page(id)}/erasure`, 303)
      }
      if (person === undefined) {
        return showRefusal(c, { kind: 'unknown_person', which: 'this' }, undefined)
      }
      if ('mergedInto' in person) return c.redirect(`${PATH}/${person.mergedInto}`, 303)
      const read = queryOf(c, v.strictObject(pageEntries), ['personal'])
      if (!read.ok) return showError(c, read.error)
      const { limit, next: cursor } = read.value.value
      const { items, next } = await getTimeline(c.env, person.id, { limit, cursor })
      const isPersonalShown = read.value.query.personal === 'show'
      const shared = await sharedAddressesOf(c.env.DB, person.id)
      const listed = tools.configOf(c.env).sharedAddresses
      const isShared = (email: string | null) =>
        email !== null && !(isPersonal(email) && !shared.includes(email) && !listed.includes(email))
      const contacts = person.contacts.map((one) => ({ ...one, isShared: isShared(one.email) }))
      const view = { person: { ...person, contacts }, events: items, next, isPersonalShown }
      return show(c, person.id, <Person {...view} />)
    })
    .post('/:id/split', async (c) => {
      const id = c.req.param('id')
      const form = v.safeParse(SplitBody, await fieldsOf(c))
      if (!form.success) return goTo(c, page(id), describeIssue(form.issues[0]), 'refused')
      const split = await splitContactOff(signedIn(c, tools), id, form.output, tools)
      if (!split.ok) return showRefusal(c, split.error, page(id))
      const { person, newPerson } = split.value
      return goTo(c, page(newPerson), `This contact is now a person of its own, not ${person}.`)
    })
    .post('/:id/merge', async (c) => {
      const id = c.req.param('id')
      const { person: other = '' } = await fieldsOf(c)
      const merge = await mergePerson(signedIn(c, tools), id, other, tools)
      if (!merge.ok) return showRefusal(c, merge.error, page(id))
      return goTo(c, page(id), `The contacts of ${merge.value.merged} now belong to this person.`)
    })
}

type PersonLookup = StoredPerson | { mergedInto: PersonId } | undefined

function isPresent(person: PersonLookup): person is StoredPerson {
  return person !== undefined && 'id' in person
}
