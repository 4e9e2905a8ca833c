// The schemas of `/schemas`: what each says of itself, and that events of the relay's own are valid, old ones included.
import { expect, it } from 'vitest'
import { EVENT_TYPES } from '../../src/core/events/event.ts'
import {
  composeSystemEvent,
  type NewSystemEvent,
  RELAY_EVENT_DATA,
} from '../../src/core/events/system-event.ts'
import { newEventId } from '../../src/core/id.ts'
import { errorsOf, getSchema, type Json, SCHEMAS, validatorOf } from '../served-schemas.ts'

const pages = import.meta.glob<string>('/docs/events.md', {
  query: '?raw',
  import: 'default',
  eager: true,
})
const [page = ''] = Object.values(pages)

it.each([...SCHEMAS])('the schema of %s names its draft, its URL and its type', (type, schema) => {
  expect(schema).toMatchObject({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `https://relay.example/schemas/${type}/1`,
    description: `The data of an event of the type ${type}`,
  })
  expect(String(schema.title).toLowerCase()).toBe(`${type.replaceAll(/[._]/g, '')}data`)
  expect(() => validatorOf(schema)).not.toThrow()
})

it('names types as programs do', () => {
  expect(SCHEMAS.get('payment.created')?.title).toBe('PaymentCreatedData')
  expect(SCHEMAS.get('relay.target_backing_off')?.title).toBe('RelayTargetBackingOffData')
})

it('is served as a schema, at the origin of the request', async () => {
  const response = await getSchema('payment.created/1')

  expect(response.headers.get('content-type')).toBe('application/schema+json')
  expect(await response.json<Json>()).toEqual(SCHEMAS.get('payment.created'))
})

it('names the parts that types have in common, and only those that it uses', () => {
  const { $defs } = SCHEMAS.get('checkin.recorded') as { $defs: Record<string, Json> }

  const names = ['Acquisition', 'Actor', 'Checkin', 'Confidence', 'Contact', 'Inference', 'Package']
  expect(Object.entries($defs).map(([name, { title }]) => [name, title])).toEqual(
    names.map((name) => [name, name]),
  )
  expect(SCHEMAS.get('relay.test')).not.toHaveProperty('$defs')
})

it('states formats where they are true of every event, and types with null as one list', () => {
  const { $defs } = SCHEMAS.get('payment.created') as {
    $defs: Record<string, { properties: Json }>
  }

  expect($defs.Subscription?.properties).toMatchObject({
    period_end_at: { type: ['string', 'null'], format: 'date-time' },
    recurring_amount: { oneOf: [{ $ref: '#/$defs/Amount' }, { type: 'null' }] },
    tier: { type: ['string', 'null'] },
  })
  expect($defs.Contact?.properties).toMatchObject({ birth_date: { format: 'date' } })
  // As the vendor has it: some are none.
  expect($defs.Contact?.properties.email).toEqual({ type: 'string' })
})

it.each(['vendor.unrecognized/1', 'payment.created/2', 'toString/1', 'relay.test'])(
  'there is none at %s',
  async (path) => {
    expect(await getSchema(path)).toMatchObject({ status: 404 })
  },
)

const change = {
  target: 'crm',
  state: 'backing_off' as const,
  failures: 5,
  failing_since: '2026-11-21T18:09:17.916Z',
  next_probe_at: null,
  times_backed_off: 1,
}
const issue = {
  cause: 'quarantine',
  about: 'source',
  name: null,
  words: '3 messages are in quarantine.',
  opened_at: '2026-11-21T18:09:17Z',
}
const acted = { by: 'ana@example.com', act: 'split people' as const, on: '3 people' }

/** One event of each type, as the relay composes it. */
const NEWS: NewSystemEvent[] = [
  { type: 'relay.target_backing_off', data: change },
  { type: 'relay.target_recovered', data: { ...change, state: 'active', failing_since: null } },
  { type: 'relay.target_failing', data: { ...change, state: 'failing' } },
  { type: 'relay.target_gone', data: { ...change, state: 'gone' } },
  { type: 'relay.target_paused', data: { ...change, state: 'paused' } },
  { type: 'relay.target_resumed', data: { ...change, state: 'active' } },
  {
    type: 'relay.delivery_dead',
    data: { target: 'crm', event: 'evt_1', type: 'payment.created', attempts: 10, reason: '500' },
  },
  { type: 'relay.deliveries_cancelled', data: { target: 'crm', deliveries: 3, reason: 'unknown' } },
  { type: 'relay.issue_opened', data: issue },
  { type: 'relay.issue_closed', data: { ...issue, name: 'crm' } },
  {
    type: 'relay.person_split',
    data: { person: 'per_1', source: 'hype', contact: null, new_person: 'per_2' },
  },
  { type: 'relay.people_merged', data: { person: 'per_1', merged_person: 'per_2', contacts: 2 } },
  {
    type: 'contact.erased',
    data: {
      person: 'per_1',
      contacts: [
        { source: 'hype', vendor: 'hype', vendor_id: null, account: 'p', email_sha256: '00' },
      ],
    },
  },
  { type: 'relay.events_released', data: { events: ['evt_1'] } },
  { type: 'relay.events_dismissed', data: { events: [], reason: 'a test' } },
  { type: 'relay.events_renormalized', data: { events: ['evt_1'], delivered: false } },
  { type: 'relay.operator_signed_in', data: { by: 'ADMIN_TOKEN' } },
  { type: 'relay.operator_signed_out', data: { by: 'ADMIN_TOKEN' } },
  { type: 'relay.operator_acted', data: { ...acted, via: 'api' } },
  { type: 'relay.test', data: { target: 'crm' } },
]

it.each(NEWS)('$type is valid by its schema, which has all of its keys', (news) => {
  const { type, data } = composeSystemEvent(newEventId(Date.parse('2026-11-21'), 7), news)
  const schema = SCHEMAS.get(type) as Json

  expect(errorsOf(validatorOf(schema), data)).toEqual([])
  expect(errorsOf(validatorOf({ ...schema, additionalProperties: false }), data)).toEqual([])
  expect(errorsOf(validatorOf(schema), {})).not.toEqual([])
})

it('there is an event of every type of the relay’s own', () => {
  expect(NEWS.map(({ type }) => type).sort()).toEqual(Object.keys(RELAY_EVENT_DATA).sort())
})

const { times_backed_off: _, ...withoutTimes } = change

/** Events of version 0.1.0, which stay in the log as they are and can be replayed. */
it.each([
  ['relay.target_opened', { ...withoutTimes, state: 'open' }],
  ['relay.target_recovered', { ...withoutTimes, state: 'active', next_probe_at: null }],
  ['relay.operator_acted', { ...acted, act: 'began a replay' }],
  ['relay.operator_acted', { ...acted, act: 'normalized an event again' }],
  ['relay.operator_acted', { ...acted, act: 'simulated' }],
])('an old %s is valid: %j', async (type, data) => {
  const schema = await (await getSchema(`${type}/1`)).json<Json>()

  expect(errorsOf(validatorOf(schema), data)).toEqual([])
})

it.each([
  ['relay.target_failing', { ...change, state: 'sad' }],
  ['relay.target_failing', { ...change, failures: 1.5 }],
  ['relay.target_failing', { ...change, failing_since: 'on Monday' }],
  ['relay.operator_acted', { ...acted, act: 'slept' }],
  ['relay.issue_opened', { ...issue, opened_at: null }],
  ['relay.target_opened', { ...withoutTimes, state: 'active' }],
])('an invalid %s is refused: %j', async (type, data) => {
  const schema = await (await getSchema(`${type}/1`)).json<Json>()

  expect(errorsOf(validatorOf(schema), data)).not.toEqual([])
})

it('the tables of docs/events.md have the same types', () => {
  const tables = page.split('\n\n').filter((part) => /^\| type \| when \|/.test(part))
  const cells = tables.flatMap((table) => [...table.matchAll(/^\| ([^|]+) \|/gm)])
  const listed = cells.flatMap(([, cell = '']) => cell.match(/[a-z]+\.[a-z_]+/g) ?? [])

  expect(tables).toHaveLength(2)
  expect(listed.toSorted()).toEqual(EVENT_TYPES.toSorted())
})
