// The tools: the questions that an operator asks, answered from the API. None of them changes anything.
import * as v from 'valibot'
import { DELIVERY_STATES } from '../../core/deliveries/delivery.ts'
import { EVENT_STATUSES } from '../../core/events/event.ts'
import { decisionsOf } from '../../core/events/explain/decisions.ts'
import { summaryOf } from '../../core/events/explain/summary.ts'
import { EVENT_ID_PATTERN, PERSON_ID_PATTERN } from '../../core/id.ts'
import { pluralize } from '../../core/text.ts'
import { type Api, answerOf } from '../relay/client.ts'
import { readPages } from '../relay/lists.ts'
import type { Answer } from './result.ts'

/** The relay that is asked, and where its console is. */
export type Asked = { api: Api; origin: string }

/** A tool. `run` throws a UserError with a sentence when the relay refuses what it is asked. */
export type Tool = {
  name: string
  title: string
  description: string
  input: v.GenericSchema<unknown, Record<string, unknown>>
  run: (asked: Asked, input: Record<string, unknown>) => Promise<Answer>
}

function tool<Input extends v.GenericSchema<unknown, Record<string, unknown>>>(
  given: Omit<Tool, 'input' | 'run'> & {
    input: Input
    run: (asked: Asked, input: v.InferOutput<Input>) => Promise<Answer>
  },
): Tool {
  return given as unknown as Tool
}

const described = (text: string) =>
  v.pipe(v.string(), v.minLength(1), v.maxLength(500), v.description(text))
const since = v.optional(described('RFC 3339, or how long ago: 30m, 24h, 7d'))
const EventId = v.pipe(v.string(), v.regex(EVENT_ID_PATTERN, 'must be an event ID (evt_…)'))
const limit = v.optional(
  v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(50), v.description('At most so many')),
  20,
)
const names = (text: string) => v.optional(v.pipe(v.array(v.string()), v.description(text)))

/** The entries that have a value. */
function given<T extends object>(entries: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
}

export const TOOLS: readonly Tool[] = [
  tool({
    name: 'attention',
    title: 'What needs attention',
    description:
      'What is wrong with the relay now: failing targets, overdue deliveries, silent sources, quarantine and more.',
    input: v.strictObject({}),
    run: async ({ api, origin }) => {
      const { attention, ...relay } = await answerOf(api.attention.$get())
      const count = attention.length
      const sentence = count === 0 ? 'All is well.' : `${pluralize(count, 'thing')} to look at.`
      return { sentence, data: { attention, ...relay }, links: [`${origin}/console`] }
    },
  }),
  tool({
    name: 'find_person',
    title: 'Find a person, and what happened to them',
    description:
      'The contacts of a person and their latest events, each with what every target got. By e-mail address, vendor contact ID or person ID; names cannot be searched.',
    input: v.strictObject({ who: described('E-mail address, vendor contact ID, or per_…'), limit }),
    run: findPerson,
  }),
  tool({
    name: 'list_events',
    title: 'List events',
    description: 'Events by type, source, status, person and time, newest first.',
    input: v.strictObject({
      type: names('Types or patterns: payment.failed, payment.*'),
      source: names('Names of sources'),
      status: v.optional(v.array(v.picklist(EVENT_STATUSES))),
      email: v.optional(described('Only contacts with this e-mail address')),
      since,
      until: since,
      limit,
    }),
    run: async ({ api, origin }, { limit: most, ...filter }) => {
      const query = given(filter)
      const events = await readPages(String(most), async (page) => {
        const answer = await answerOf(api.events.$get({ query: { ...query, ...page } }))
        return { items: answer.events, next: answer.next }
      })
      return {
        sentence: `${pluralize(events.length, 'event')}${events.length === most ? ', and perhaps more' : ''}.`,
        data: events,
        links: [`${origin}/console/events`],
      }
    },
  }),
  tool({
    name: 'why_event',
    title: 'Why an event is what it is',
    description:
      'One event: what the vendor sent, what the relay concluded from it and why, and what each target got and answered.',
    input: v.strictObject({ event: EventId }),
    run: async ({ api, origin }, { event: id }) => {
      const event = await answerOf(api.events[':id'].$get({ param: { id } }))
      const data = {
        summary: summaryOf(event),
        decisions: decisionsOf(event),
        deliveries: event.deliveries,
        normalized: event.event,
        issues: event.issues,
      }
      const sentence = `${id} is ${event.status}, with ${pluralize(event.deliveries.length, 'delivery', 'deliveries')}.`
      return { sentence, data, links: [`${origin}/console/events/${id}`] }
    },
  }),
  tool({
    name: 'received_payload',
    title: 'What the vendor really sent',
    description: 'The body and the headers of the request that brought an event, as they came.',
    input: v.strictObject({ event: EventId }),
    run: async ({ api, origin }, { event: id }) => {
      const { raw, vendor } = await answerOf(api.events[':id'].$get({ param: { id } }))
      const sentence =
        raw.text === null
          ? `The body of ${id} is past its retention.`
          : `What ${vendor} sent as ${id}.`
      return { sentence, data: raw, links: [`${origin}/console/events/${id}`] }
    },
  }),
  tool({
    name: 'list_deliveries',
    title: 'What targets got',
    description:
      'Deliveries by target, state and time: when each was attempted, the answer, the next attempt.',
    input: v.strictObject({
      target: names('Names of targets'),
      state: v.optional(v.array(v.picklist(DELIVERY_STATES))),
      type: names('Types or patterns: payment.failed, payment.*'),
      email: v.optional(described('Only contacts with this e-mail address')),
      since,
      until: since,
      limit,
    }),
    run: async ({ api, origin }, { limit: most, ...filter }) => {
      const query = given(filter)
      const deliveries = await readPages(String(most), async (page) => {
        const answer = await answerOf(api.deliveries.$get({ query: { ...query, ...page } }))
        return { items: answer.deliveries, next: answer.next }
      })
      return {
        sentence: `${pluralize(deliveries.length, 'delivery', 'deliveries')}${deliveries.length === most ? ', and perhaps more' : ''}.`,
        data: deliveries,
        links: [`${origin}/console/deliveries`],
      }
    },
  }),
  tool({
    name: 'targets',
    title: 'How targets fare',
    description:
      'Every target: state, since when it fails, backlog, next attempt, response times, success rate.',
    input: v.strictObject({}),
    run: async ({ api, origin }) => {
      const { targets, as_of, unreadable } = await answerOf(api.targets.$get())
      const troubled = targets.filter(({ state }) => state !== 'active' && state !== 'disabled')
      return {
        sentence: `${troubled.length} of ${pluralize(targets.length, 'target')} in trouble.`,
        data: { as_of, unreadable, targets },
        links: [`${origin}/console/targets`],
      }
    },
  }),
  tool({
    name: 'sources',
    title: 'What comes in, and from where',
    description:
      'Every source: when it was last seen, its usual rhythm, requests refused at the door, and the ingest URL that a vendor is given.',
    input: v.strictObject({}),
    run: async ({ api, origin }) => {
      const answer = await answerOf(api.sources.$get())
      const sentence = `${pluralize(answer.sources.length, 'source')}.`
      return { sentence, data: answer, links: [`${origin}/console/set-up`] }
    },
  }),
  tool({
    name: 'quarantine',
    title: 'What is not understood',
    description: 'Why messages are in quarantine, by source, type and cause, with examples.',
    input: v.strictObject({}),
    run: async ({ api, origin }) => {
      const { causes } = await answerOf(api.quarantine.$get({ query: { limit: '50' } }))
      const sentence =
        causes.length === 0 ? 'The quarantine is empty.' : `${pluralize(causes.length, 'cause')}.`
      return { sentence, data: causes, links: [`${origin}/console/quarantine`] }
    },
  }),
  tool({
    name: 'drift',
    title: 'How vendors changed their messages',
    description:
      'Keys that are new, have vanished or changed their JSON type in the messages of vendors.',
    input: v.strictObject({ since }),
    run: async ({ api }, { since: from }) => {
      const answer = await answerOf(api.drift.$get({ query: given({ since: from }) }))
      const findings = answer.drift.flatMap(({ source, vendortype, findings: found }) =>
        found.map((finding) => ({ source, vendortype, ...finding })),
      )
      return {
        sentence: `${pluralize(findings.length, 'change')} since ${answer.since}.`,
        data: findings,
      }
    },
  }),
  tool({
    name: 'ledger',
    title: 'Whether anything is lost',
    description:
      'Counts of every event and delivery of a period by source and target, and whether they add up.',
    input: v.strictObject({ since, until: since }),
    run: async ({ api, origin }, period) => {
      const ledger = await answerOf(api.ledger.$get({ query: { since: '24h', ...given(period) } }))
      const sentence = ledger.adds_up
        ? 'Balanced: every event and delivery is accounted for.'
        : 'Not balanced: see the differences.'
      return { sentence, data: ledger, links: [`${origin}/console/ledger`] }
    },
  }),
]

async function findPerson(
  { api, origin }: Asked,
  { who, limit: most }: { who: string; limit: number },
): Promise<Answer> {
  const people = PERSON_ID_PATTERN.test(who)
    ? [await answerOf(api.people[':id'].$get({ param: { id: who } }))]
    : (
        await answerOf(
          api.people.$get({ query: who.includes('@') ? { email: who } : { contact: who } }),
        )
      ).people
  const [first] = people
  if (first === undefined) {
    return {
      sentence:
        'No match. Names cannot be searched: use an e-mail address, a vendor contact ID or per_….',
      data: [],
    }
  }
  const { events } = await answerOf(
    api.people[':id'].events.$get({ param: { id: first.id }, query: { limit: String(most) } }),
  )
  return {
    sentence: `${pluralize(people.length, 'person', 'people')}; the latest ${pluralize(events.length, 'event')} of ${first.id}.`,
    data: { people, events },
    links: [`${origin}/console/people/${first.id}`],
  }
}
