// Every format, with every event of the fixtures: an event is always rendered to the same bytes, and sensitive fields
// are left out.
import { CloudEvent, HTTP } from 'cloudevents'
import { describe, expect, it } from 'vitest'
import { type ConfiguredSource, isBrokenSource, parseConfig } from '../../src/config.ts'
import type { MembershipEvent } from '../../src/core/events/event.ts'
import { redact } from '../../src/core/events/privacy.ts'
import { newEventId } from '../../src/core/id.ts'
import { parseJson } from '../../src/core/intake/json.ts'
import { readMessages } from '../../src/core/intake/messages.ts'
import { storedMessage } from '../../src/core/intake/request.ts'
import { FORMATS, type FormatId } from '../../src/formats/index.ts'
import { draftRecord } from '../../src/stages/intake/draft.ts'
import { bodyOf, EVENT_FIXTURES, type EventFixture } from '../fixtures.ts'

const NOW = Date.parse('2026-11-21T00:00:00.000Z')
const NAMES = Object.keys(FORMATS) as FormatId[]

/** The arguments of a format for each accepted event of a fixture. */
async function eventsOf({ vendor, source = {}, request }: EventFixture) {
  const credentials = source.secret || source.signing_secret ? {} : { secret: 'S' }
  const table = { name: 'test', vendor, ...credentials, ...source }
  const config = parseConfig({ SOURCES: [table] }, () => 'secret')
  const configured = config.sources.get('test')
  if (!configured || isBrokenSource(configured)) throw new Error('the source is broken')
  const records = readMessages(bodyOf(request)).messages.map(async ({ text }, i) => {
    const raw = { text, encoding: 'utf8' as const }
    const message = storedMessage(raw, {
      headers: new Headers(request.headers),
      eventName: request.query?.event,
      hops: 0,
    })
    const { content } = await draftRecord(
      newEventId(NOW, i),
      configured as ConfiguredSource,
      message,
      'https://relay.example',
    )
    if ('issues' in content) return []
    return [{ event: parseJson(JSON.stringify(content.event)) as MembershipEvent, raw }]
  })
  return (await Promise.all(records)).flat()
}

const cases = await Promise.all(
  EVENT_FIXTURES.map(async (fixture) => ({ name: fixture.name, events: await eventsOf(fixture) })),
)
const accepted = cases.filter(({ events }) => events.length > 0)

it('there are events of every vendor', () => {
  const vendors = new Set(accepted.flatMap(({ events }) => events.map(({ event }) => event.vendor)))
  expect(vendors.size).toBeGreaterThanOrEqual(2)
  expect(accepted.length).toBeGreaterThan(100)
})

describe.each(NAMES)('%s', (name) => {
  const format = FORMATS[name]

  it('is in the table under its own id', () => {
    expect(format.id).toBe(name)
  })

  it.each(accepted)('renders an event of $name to the same bytes each time', ({ events }) => {
    for (const { event, raw } of events) {
      const before = JSON.stringify(event)
      const first = format.render(event, raw, undefined)
      const again = format.render(parseJson(before) as MembershipEvent, { ...raw }, undefined)

      expect(again).toEqual(first)
      expect(JSON.stringify(event)).toBe(before)
      expect(first.contentType).toMatch(/^application\/([a-z]+\+)?json/)
    }
  })
})

describe.each(NAMES.filter((name) => !FORMATS[name].needsRaw))(
  '%s without the raw body',
  (name) => {
    it.each(accepted)('leaves out the sensitive fields of $name', ({ events }) => {
      for (const { event } of events) {
        const rendered = FORMATS[name].render(redact(event, []), undefined, undefined)
        const all = Object.values(rendered.headers ?? {}).join() + rendered.body
        for (const text of sensitiveTexts(event)) expect(all).not.toContain(text)
      }
    })
  },
)

describe('raw', () => {
  it.each(accepted)('renders the exact text of $name', ({ events }) => {
    for (const { event, raw } of events) {
      expect(FORMATS.raw.render(redact(event, []), raw, undefined).body).toBe(raw.text)
    }
  })
})

describe('cloudevents', () => {
  it.each(accepted)('can be read by the CloudEvents library: $name', ({ events }) => {
    for (const { event } of events) {
      const { contentType, body } = FORMATS.cloudevents.render(
        redact(event, []),
        undefined,
        undefined,
      )

      const read = HTTP.toEvent({ headers: { 'content-type': contentType }, body }) as CloudEvent

      expect(read).toBeInstanceOf(CloudEvent)
      expect(read.validate()).toBe(true)
      expect(read).toMatchObject({ id: event.id, type: event.type, source: event.source })
      expect(read.relaysource).toBe('test')
      expect(read.data).toEqual(JSON.parse(JSON.stringify(redact(event, []).data)))
    }
  })

  it('keeps the spelling of numbers', () => {
    const event = parseJson(
      '{"data":{"extra":{"n":1.50,"id":12345678901234567890}}}',
    ) as MembershipEvent

    const { body } = FORMATS.cloudevents.render(event, undefined, undefined)

    expect(body).toBe('{"data":{"extra":{"n":1.50,"id":12345678901234567890}}}')
  })
})

/** The texts of an event that are in its sensitive fields and nowhere else in its contact. */
function sensitiveTexts(event: MembershipEvent): string[] {
  const contact = event.data.contact
  const { birth_date, gender, address, emergency_contact } = contact
  const body = event.type === 'message.sent' ? event.data.message.body : undefined
  const found = leaves([birth_date, gender, address, emergency_contact, body])
  const open = new Set(
    leaves([{ ...contact, birth_date: 0, gender: 0, address: 0, emergency_contact: 0 }]),
  )
  return found.filter((text) => text.length > 3 && !open.has(text))
}

function leaves(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(leaves) : []
}
