// `/console/people`: one human across vendors; splitting off, and merging.
import type { Context } from 'hono'
import { Hono } from 'hono/tiny'
import * as v from 'valibot'
import { People, Person } from '../../../console/events/people.tsx'
import { isPersonId, type PersonId } from '../../../core/id.ts'
import { mergeInto, splitPerson } from '../../../stages/operate/people.ts'
import { getTimeline } from '../../../store/deliveries/delivery-lists.ts'
import { getPerson, type Person as KnownPerson } from '../../../store/events/people.ts'
import { SplitBody } from '../../api/events/people.ts'
import { pageEntries } from '../../api/fields.ts'
import type { ApiTools } from '../../tools.ts'
import { acted, fieldsOf, goTo, refuse, show } from '../frame.ts'
import { queryOf, wordsOf } from '../query.ts'
import type { ConsoleEnv } from '../session.ts'

const PATH = '/console/people'
const MAX_FOUND = 20

/** The routes of persons. */
export function people(tools: ApiTools) {
  const { configOf, ...rest } = tools
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
    .get('/:id', async (c) => {
      const person = await personOf(c, c.req.param('id'))
      if (person === undefined) return unknownPerson(c)
      if ('mergedInto' in person) return c.redirect(`${PATH}/${person.mergedInto}`, 303)
      const query = queryOf(c, v.strictObject(pageEntries), ['personal'])
      if (!query.ok) return refuse(c, query.error)
      const { limit, next: cursor } = query.value.value
      const { items, next } = await getTimeline(c.env.DB, person.id, { limit, cursor })
      const isPersonalShown = query.value.asked.personal === 'show'
      const view = { person, events: items, next, isPersonalShown }
      return show(c, person.id, <Person {...view} />)
    })
    .post('/:id/split', async (c) => {
      const person = await personOf(c, c.req.param('id'))
      if (!isPresent(person)) return unknownPerson(c)
      const form = v.safeParse(SplitBody, await fieldsOf(c))
      const page = `${PATH}/${person.id}`
      if (!form.success) return goTo(c, page, wordsOf(form.issues[0]), 'refused')
      const anew = await splitPerson(c.env, configOf(c.env), person.id, form.output, rest)
      if (anew === undefined) {
        return goTo(c, page, 'This person has no such contact, or no other.', 'refused')
      }
      await acted(c, tools, 'split a person', `${person.id}: ${anew}`)
      return goTo(
        c,
        `${PATH}/${anew}`,
        `This contact is a person of its own now, apart from ${person.id}.`,
      )
    })
    .post('/:id/merge', async (c) => {
      const person = await personOf(c, c.req.param('id'))
      if (!isPresent(person)) return unknownPerson(c)
      const { person: id = '' } = await fieldsOf(c)
      const other = await personOf(c, id)
      const page = `${PATH}/${person.id}`
      if (!isPresent(other)) return goTo(c, page, 'There is no other person of this id.', 'refused')
      if (other.id === person.id) return goTo(c, page, 'These are one person already.', 'refused')
      await mergeInto(c.env, configOf(c.env), person.id, other.id, rest)
      await acted(c, tools, 'merged people', `${person.id}: ${other.id}`)
      return goTo(c, page, `The contacts of ${other.id} are this person's now.`)
    })
}

type Found = KnownPerson | { mergedInto: PersonId } | undefined

function isPresent(person: Found): person is KnownPerson {
  return person !== undefined && 'id' in person
}

async function personOf(c: Context<ConsoleEnv>, id: string): Promise<Found> {
  return isPersonId(id) ? getPerson(c.env.DB, id) : undefined
}

function unknownPerson(c: Context<ConsoleEnv>): Response {
  return refuse(c, 'There is no person of this id.', 404)
}
