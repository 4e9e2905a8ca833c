// The published vectors: they are equal to the fixtures, and the mappings return their results.
import { describe, expect, it } from 'vitest'
import { type ConfiguredSource, isBrokenSource, parseConfig } from '../../src/config.ts'
import { composeEvent, UNRECOGNIZED } from '../../src/core/events/event.ts'
import { newEventId } from '../../src/core/id.ts'
import { readMessages } from '../../src/core/intake/messages.ts'
import { VENDORS } from '../../src/vendors/index.ts'
import { EVENT_FIXTURES } from '../fixtures.ts'
import published from './normalization.json?raw'
import { type Fixture, type Result, textOf, type Vector, vectorsOf } from './vectors.ts'

const NOW = Date.parse('2026-11-21T00:00:00.000Z')
const file = JSON.parse(published) as ReturnType<typeof vectorsOf>

describe('normalization.json', () => {
  it('is generated from the fixtures: after a change, run "node test/vectors/make.ts"', () => {
    expect(published).toBe(textOf(vectorsOf(EVENT_FIXTURES as Fixture[])))
  })

  it('has a description and a licence', () => {
    expect(file).toMatchObject({ license: 'MIT', made: 'synthetic' })
  })

  it('has events and quarantined messages of every vendor', () => {
    for (const vendor of Object.keys(VENDORS)) {
      const vectors = file.vectors.filter((vector) => vector.vendor === vendor)
      expect(vectors.filter((vector) => 'event' in vector).length).toBeGreaterThan(50)
      expect(vectors.filter((vector) => 'issues' in vector).length).toBeGreaterThan(5)
    }
  })

  it('contains no secret and no header that authenticates a sender', () => {
    expect(published).not.toMatch(/secret|signature|whsec_|x-relay-key/i)
  })

  it.each(file.vectors)('$name: $about', (vector) => {
    const expected = 'results' in vector ? vector.results : [vector]

    const got = normalizeAll(vector)

    expect(got).toHaveLength(expected.length)
    for (const [i, want] of expected.entries()) expectSame(got[i], want)
  })
})

/** The relay's results for a vector's request, read from the file alone. */
function normalizeAll({ vendor, settings, request }: Vector) {
  const table = { name: 'test', vendor, secret: 'S', ...settings }
  const source = parseConfig({ SOURCES: [table] }, () => 'secret').sources.get('test')
  if (source === undefined || isBrokenSource(source)) throw new Error('the source is broken')
  const text = 'text' in request ? request.text : JSON.stringify(request.body)
  const headers = new Headers(request.headers)
  return readMessages(text).messages.map(({ value }) =>
    value === undefined
      ? { issues: ['body'], type: UNRECOGNIZED }
      : normalizeOne(source, { body: value, headers, eventName: request.eventName }),
  )
}

function normalizeOne(
  source: ConfiguredSource,
  message: { body: Record<string, unknown>; headers: Headers; eventName: string | undefined },
): Result {
  const normalized = VENDORS[source.vendor].normalize(message, source.settings)
  if (!normalized.ok) {
    const { issues, type, vendorType } = normalized.error
    const paths = issues.map(({ path }) => path)
    return { issues: paths, type, ...(vendorType === undefined ? {} : { vendortype: vendorType }) }
  }
  const { event: draft, warnings } = normalized.value
  const { mappingVersion } = VENDORS[source.vendor]
  const context = { id: newEventId(NOW, 7), source: 'test', vendor: source.vendor, mappingVersion }
  const event = composeEvent(draft, { ...context, origin: 'https://relay.example', warnings })
  return {
    event: JSON.parse(JSON.stringify(event)),
    warnings: (event.data.warnings ?? []).map((text) => text.slice(0, text.indexOf(': '))),
  }
}

/** `event` may lack attributes; its `data` is complete. */
function expectSame(got: Result | undefined, want: Result) {
  if (got === undefined || !('event' in got) || !('event' in want)) {
    expect(want).toMatchObject(got ?? {})
    return
  }
  const { warnings: _, ...data } = got.event.data as Record<string, unknown>
  expect({ ...got.event, data }).toMatchObject(want.event)
  expect(data).toEqual(want.event.data)
  expect(got.warnings.toSorted()).toEqual(want.warnings.toSorted())
}
