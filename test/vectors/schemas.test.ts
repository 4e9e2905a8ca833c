// The schemas that the Worker serves: an independent validator (ajv) checks every event of the relay against them, and an
// independent reader (the CloudEvents library) reads the events.
import { CloudEvent, HTTP } from 'cloudevents'
import { describe, expect, it } from 'vitest'
import { samplesOf } from '../../src/cli/check/samples.ts'
import { type ConfiguredSource, isBrokenSource, parseConfig } from '../../src/config.ts'
import { composeEvent, type MembershipEvent } from '../../src/core/events/event.ts'
import { EVENT_DATA } from '../../src/core/events/vocabulary.ts'
import { newEventId } from '../../src/core/id.ts'
import { readMessages } from '../../src/core/intake/messages.ts'
import { VENDORS } from '../../src/vendors/index.ts'
import { bodyOf, EVENT_FIXTURES, type EventFixture } from '../fixtures.ts'
import { errorsOf, type Json, SCHEMAS, validatorOf } from '../served-schemas.ts'

const NOW = Date.parse('2026-11-21T00:00:00.000Z')
const TYPES = Object.keys(EVENT_DATA)
const served = new Map([...SCHEMAS].map(([type, schema]) => [type, validatorOf(schema)]))
const closed = new Map([...SCHEMAS].map(([type, schema]) => [type, validatorOf(close(schema))]))

/** The schema without additional properties: an unknown key in an event is a spelling error of the relay. */
function close(schema: unknown): Json {
  return JSON.parse(JSON.stringify(schema), (_key, value) =>
    isObject(value) && value.type === 'object' && 'properties' in value
      ? { ...value, additionalProperties: false }
      : value,
  )
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function sourceOf(vendor: string, table: object = {}): ConfiguredSource {
  const SOURCES = [{ name: 'test', vendor, secret: 'S', ...table }]
  const source = parseConfig({ SOURCES }, () => 'secret').sources.get('test')
  if (source === undefined || isBrokenSource(source)) throw new Error('the source is broken')
  return source
}

/** The events of a fixture, as they are sent: in JSON. */
function eventsOf({ vendor, source: table, request }: EventFixture): Json[] {
  const source = sourceOf(vendor, table)
  const headers = new Headers(request.headers)
  return readMessages(bodyOf(request)).messages.flatMap(({ value }, i) => {
    if (value === undefined) return []
    const message = { body: value, headers, eventName: request.query?.event }
    const normalized = VENDORS[source.vendor].normalize(message, source.settings)
    if (!normalized.ok) return []
    const event = composeEvent(normalized.value.event, {
      id: newEventId(NOW, i),
      source: source.name,
      vendor,
      mappingVersion: VENDORS[source.vendor].mappingVersion,
      origin: 'https://relay.example',
      warnings: normalized.value.warnings,
    })
    return [sent(event)]
  })
}

function sent(event: MembershipEvent): Json {
  return JSON.parse(JSON.stringify(event))
}

const fixtures = EVENT_FIXTURES.map((fixture) => ({
  name: fixture.name,
  events: eventsOf(fixture),
}))
const samples = Object.keys(VENDORS).flatMap((vendor) =>
  samplesOf(sourceOf(vendor), NOW).map(({ event }) => ({
    name: `${vendor}, ${event.type}`,
    events: [sent(event)],
  })),
)
const emitted = [...fixtures, ...samples].filter(({ events }) => events.length > 0)

/** What is wrong with the data of an event, by the schema of its type. */
function faultsOf(validators: typeof served, event: Json): string[] {
  const validate = validators.get(String(event.type))
  return validate ? errorsOf(validate, event.data) : [`there is no schema of ${event.type}`]
}

it('there are events of every type of the vocabulary', () => {
  const types = new Set(emitted.flatMap(({ events }) => events.map(({ type }) => type)))

  expect([...types].sort()).toEqual([...TYPES].sort())
  expect(fixtures.flatMap(({ events }) => events).length).toBeGreaterThan(300)
})

describe.each(emitted)('the events of $name', ({ events }) => {
  it('are valid, and have no key that the schema lacks', () => {
    for (const event of events) {
      expect(faultsOf(served, event)).toEqual([])
      expect(faultsOf(closed, event)).toEqual([])
      expect(event.dataschema).toBe(SCHEMAS.get(String(event.type))?.$id)
    }
  })

  it('are CloudEvents to a strict reader', () => {
    for (const event of events) {
      const headers = { 'content-type': 'application/cloudevents+json' }
      const read = HTTP.toEvent({ headers, body: JSON.stringify(event) }) as CloudEvent

      expect(read.validate()).toBe(true)
      expect(new CloudEvent(event, true).toJSON()).toEqual(read.toJSON())
      expect(read.data).toEqual(event.data)
    }
  })
})

describe('an invalid event', () => {
  const [payment, checkin] = ['hype, payment.created', 'hapana, checkin.recorded'].map((name) => {
    const [event] = samples.find((sample) => sample.name === name)?.events ?? []
    if (event === undefined) throw new Error(`there is no sample of ${name}`)
    return event
  }) as [Json, Json]

  it.each([
    ['a number for a string', payment, { contact: { email: 5 } }, '/contact/email must be string'],
    [
      'a number for an amount',
      payment,
      { contact: {}, subscription: { recurring_amount: 10 } },
      'must be object',
    ],
    [
      'an amount with a comma',
      payment,
      {
        contact: {},
        subscription: { total_paid_amount: { value: '1,50', unit: 'major', currency: null } },
      },
      'must match pattern',
    ],
    [
      'an unknown status',
      checkin,
      { contact: {}, checkin: { status: 'late' } },
      'must be equal to one of',
    ],
    ['no check-in', checkin, { contact: {} }, "must have required property 'checkin'"],
    [
      'a day for an instant',
      payment,
      { contact: {}, subscription: { period_end_at: '2026-11-21' } },
      'must match format "date-time"',
    ],
    ['no contact', payment, {}, "must have required property 'contact'"],
    ['null for the data', payment, null, 'must be object'],
  ])('with %s is refused', (_case, event, data, error) => {
    expect(faultsOf(served, { ...event, data }).join('\n')).toContain(error)
  })

  it('with a misspelt key is refused by the closed schema', () => {
    const data = { contact: { emial: 'ana.silva@example.com' } }

    expect(faultsOf(closed, { ...payment, data })).toEqual([
      '/contact must NOT have additional properties',
    ])
  })

  it.each([
    ['an extension with an underscore', { person_id: 'per_1' }],
    ['a source that is not a URI', { source: 'a b' }],
    ['a schema that is not a URI', { dataschema: 'none of them' }],
    ['no type', { type: undefined }],
    ['an invalid time', { time: 'yesterday' }],
  ])('with %s is not a CloudEvent', (_case, change) => {
    expect(() => new CloudEvent({ ...payment, ...change } as never, true)).toThrow()
  })
})
