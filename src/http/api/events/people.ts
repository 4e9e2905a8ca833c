// Persons across sources: finding them, their events, splitting and merging them.
import { Hono } from 'hono/tiny'
import * as v from 'valibot'
import { EMAIL_PREFIX, TEST_PREFIX } from '../../../core/events/contact-key.ts'
import { isPersonId, type PersonId } from '../../../core/id.ts'
import type { Env } from '../../../env.ts'
import { mergePerson, splitContactOff, splitPeople } from '../../../stages/operate/acts/people.ts'
import { getTimeline } from '../../../store/deliveries/lists/delivery-lists.ts'
import { findPeople, getPerson, type Person as KnownPerson } from '../../../store/events/people.ts'
import { findWronglyJoined, type WronglyJoined } from '../../../store/events/wrongly-joined.ts'
import { body, describe, query } from '../../operation.ts'
import { operatorOf } from '../../operator.ts'
import { refusalProblem } from '../../refusals.ts'
import type { ApiTools } from '../../tools.ts'
import {
  Person as PersonAnswer,
  pageOf,
  TimelineEntry,
  WronglyJoinedPage,
} from '../answers/index.ts'
import { exactlyOne } from '../choice.ts'
import { flag, PAGES, Person, pageEntries, text } from '../fields.ts'

const FindQuery = v.pipe(
  v.strictObject({
    ...pageEntries,
    email: v.optional(v.pipe(text, v.description('Their e-mail address; or give `contact`'))),
    contact: v.optional(
      v.pipe(text, v.description('The ID of a contact at its vendor; or give `email`')),
    ),
  }),
  exactlyOne(['email', 'contact'], 'must have either email or contact'),
)
/** The prefixes of contact keys that are not IDs of a vendor. */
const PREFIXES = [EMAIL_PREFIX, TEST_PREFIX]

/** The contact to split off. */
export const SplitBody = v.pipe(
  v.strictObject({
    source: text,
    contact: v.exactOptional(
      v.pipe(
        text,
        v.check(
          (id) => !PREFIXES.some((prefix) => id.startsWith(prefix)),
          'must be a contact ID of the vendor',
        ),
      ),
    ),
    email: v.exactOptional(text),
    account: v.exactOptional(text),
  }),
  exactlyOne(
    ['contact', 'email'],
    'must have either contact or, for a contact without an ID, email',
  ),
)
const MergeBody = v.strictObject({ person: Person })

const AfterQuery = v.strictObject({
  after: v.exactOptional(v.pipe(Person, v.description('`next` of the previous page'))),
})
const AFTER = '`next` is the `after` of the next call; a page may be empty and still have one.'

const MERGED = 'The person was merged into the one in `location`'

/** The routes of `/api/people`. */
export function people({ configOf, ...tools }: ApiTools) {
  return new Hono<{ Bindings: Env }>()
    .get(
      '/',
      describe({
        summary: 'Find persons by e-mail address or by contact ID of a vendor',
        details: 'By one of the two. An address finds everybody who has it, in all sources.',
        answers: { 200: pageOf('people', PersonAnswer) },
      }),
      query(FindQuery),
      async (c) => {
        const { limit, next, email, contact } = c.req.valid('query')
        const sources = [...configOf(c.env).sources.keys()]
        const search = email === undefined ? { contact: contact ?? '', sources } : { email }
        const { items, next: after } = await findPeople(c.env.DB, search, { limit, cursor: next })
        return c.json({ people: items, next: after ?? null })
      },
    )
    .get(
      '/wrongly-joined',
      describe({
        summary: 'People whose contacts were joined by earlier rules, and would not be now',
        details: AFTER,
        answers: { 200: WronglyJoinedPage },
      }),
      query(AfterQuery),
      async (c) => {
        const { sharedAddresses } = configOf(c.env)
        const page = await findWronglyJoined(c.env.DB, c.req.valid('query').after, sharedAddresses)
        return c.json(wronglyJoinedPage(page, true))
      },
    )
    .post(
      '/wrongly-joined/split',
      describe({
        summary: 'Split people whose contacts were joined by earlier rules, one page per call',
        details: `${AFTER} By default (\`dry_run\`), only shows who would be split.`,
        answers: { 200: WronglyJoinedPage },
      }),
      body(v.strictObject({ ...AfterQuery.entries, dry_run: flag(true) })),
      async (c) => {
        const { after, dry_run } = c.req.valid('json')
        const operator = operatorOf(c, configOf)
        const page = dry_run
          ? await findWronglyJoined(c.env.DB, after, operator.config.sharedAddresses)
          : await splitPeople(operator, after, tools)
        return c.json(wronglyJoinedPage(page, dry_run))
      },
    )
    .get(
      '/:id',
      describe({
        summary: 'A person, with all contacts',
        details: 'One contact for each source that knows the person.',
        answers: { 200: PersonAnswer, 308: MERGED },
        problems: [404],
      }),
      async (c) => {
        const person = await personOf(c.env.DB, c.req.param('id'))
        if (person === undefined) return unknownPerson()
        return 'mergedInto' in person
          ? c.redirect(`/api/people/${person.mergedInto}`, 308)
          : c.json(person)
      },
    )
    .get(
      '/:id/events',
      describe({
        summary: 'The events of a person across sources, latest first, and their deliveries',
        details: PAGES,
        answers: { 200: pageOf('events', TimelineEntry), 308: MERGED },
        problems: [404],
      }),
      query(v.strictObject(pageEntries)),
      async (c) => {
        const person = await personOf(c.env.DB, c.req.param('id'))
        if (person === undefined) return unknownPerson()
        if ('mergedInto' in person) {
          const { search } = new URL(c.req.url)
          return c.redirect(`/api/people/${person.mergedInto}/events${search}`, 308)
        }
        const { limit, next: cursor } = c.req.valid('query')
        const { items, next } = await getTimeline(c.env, person.id, { limit, cursor })
        return c.json({ events: items, next: next ?? null })
      },
    )
    .post(
      '/:id/split',
      describe({
        summary: 'Split a contact off a person',
        details: 'The contact becomes a person of its own, `new_person`, with its events.',
        answers: { 200: v.strictObject({ person: PersonAnswer, new_person: PersonAnswer }) },
        problems: [404, 409],
      }),
      body(SplitBody),
      async (c) => {
        const operator = operatorOf(c, configOf)
        const contact = c.req.valid('json')
        const split = await splitContactOff(operator, c.req.param('id'), contact, tools)
        if (!split.ok) return refusalProblem(split.error)
        return c.json({
          person: await present(c.env.DB, split.value.person),
          new_person: await present(c.env.DB, split.value.newPerson),
        })
      },
    )
    .post(
      '/:id/merge',
      describe({
        summary: 'Merge another person into this one',
        details: 'The other ID then redirects to this one.',
        answers: { 200: v.strictObject({ person: PersonAnswer }) },
        problems: [404, 409],
      }),
      body(MergeBody),
      async (c) => {
        const operator = operatorOf(c, configOf)
        const { person: other } = c.req.valid('json')
        const merge = await mergePerson(operator, c.req.param('id'), other, tools)
        if (!merge.ok) return refusalProblem(merge.error)
        return c.json({ person: await present(c.env.DB, merge.value.person) })
      },
    )
}

async function personOf(db: D1Database, id: string) {
  return isPersonId(id) ? getPerson(db, id) : undefined
}

/** A person who must exist: an act has just written them. */
async function present(db: D1Database, id: PersonId): Promise<KnownPerson> {
  const person = await getPerson(db, id)
  if (person === undefined || 'mergedInto' in person) throw new Error(`${id} is gone`)
  return person
}

function wronglyJoinedPage(
  { people, next }: { people: WronglyJoined[]; next: PersonId | undefined },
  dry_run: boolean,
) {
  const shown = people.map(({ id, parts }) => ({
    id,
    parts: parts.map((part) => part.map(({ key: _, ...contact }) => contact)),
  }))
  return { people: shown, dry_run, next: next ?? null }
}

function unknownPerson() {
  return refusalProblem({ kind: 'unknown_person', which: 'this' })
}
