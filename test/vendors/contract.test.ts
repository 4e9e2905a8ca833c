// Every vendor, with each of its fixtures: through the path of a request, without the store.
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { type ConfiguredSource, isBrokenSource, parseConfig } from '../../src/config.ts'
import type { MembershipEvent } from '../../src/core/events/event.ts'
import { EVENT_DATA } from '../../src/core/events/vocabulary.ts'
import { newEventId } from '../../src/core/id.ts'
import { authenticate } from '../../src/core/intake/authenticate.ts'
import { readMessages } from '../../src/core/intake/messages.ts'
import { storedMessage } from '../../src/core/intake/request.ts'
import { draftRecord } from '../../src/stages/intake/draft.ts'
import { VENDORS, type VendorId } from '../../src/vendors/index.ts'
import {
  AUTHENTICATION_FIXTURES,
  bodyOf,
  EVENT_FIXTURES,
  type FixtureRequest,
  type FixtureSource,
} from '../fixtures.ts'

const NOW = Date.parse('2026-11-21T00:00:00.000Z')

describe.each(Object.keys(VENDORS) as VendorId[])('%s', (vendor) => {
  const events = EVENT_FIXTURES.filter((fixture) => fixture.vendor === vendor)
  const authentications = AUTHENTICATION_FIXTURES.filter((fixture) => fixture.vendor === vendor)

  it('has fixtures of its events and of its authentication', () => {
    expect(events.length).toBeGreaterThan(30)
    expect(authentications.length).toBeGreaterThan(0)
  })

  it.each(events)('$name: $about', async ({ source, request, expected }) => {
    const results = await normalizeAll(vendor, source ?? {}, request)
    expect(results).toHaveLength(expected.length)
    for (const [i, want] of expected.entries()) {
      const got = results[i]
      if (want.status === 'quarantined') {
        expect(got).toEqual({ ...want, vendortype: want.vendortype })
      } else {
        expect(got).toEqual({ ...want, warnings: (want.warnings ?? []).toSorted() })
      }
    }
  })

  it.each(authentications)(
    '$name: $about',
    async ({ source, secrets, request, authentication, now }) => {
      const config = configFor(vendor, source ?? {}, (name) => secrets[name])
      const url = new URL('https://relay.example/in/x')
      for (const [key, value] of Object.entries(request.query ?? {}))
        url.searchParams.set(key, value)
      const sent = new Request(url, {
        method: 'POST',
        headers: headersOf(request),
        body: new TextEncoder().encode(bodyOf(request)),
      })
      const { credentials } = config.source
      const required = { credentials, scheme: VENDORS[vendor].signature }
      const limits = { now: Date.parse(now), maxBodyBytes: 900_000 }
      const result = await authenticate(sent, url.searchParams, required, limits)
      if (authentication.ok) expect(result).toMatchObject({ ok: true })
      else
        expect(result).toEqual({
          ok: false,
          error: { kind: 'unauthenticated', cause: authentication.cause },
        })
    },
  )
})

/** Headers as a Worker receives them: a value beyond ASCII has a character for each of its bytes. */
function headersOf(request: FixtureRequest): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers ?? {})) {
    const bytes = new TextEncoder().encode(value)
    headers.set(name, String.fromCharCode(...bytes))
  }
  return headers
}

function configFor(
  vendor: VendorId,
  settings: FixtureSource,
  secretOf: (name: string) => string | undefined,
) {
  const defaults = settings.secret || settings.signing_secret ? {} : { secret: 'S' }
  const config = parseConfig(
    { SOURCES: [{ name: 'test', vendor, ...defaults, ...settings }] },
    (name) => secretOf(name) ?? (name === 'S' ? 'secret' : undefined),
  )
  expect(config.errors).toEqual([])
  const source = config.sources.get('test')
  if (source === undefined || isBrokenSource(source)) throw new Error('the source is broken')
  return { config, source: source as ConfiguredSource }
}

async function normalizeAll(vendor: VendorId, settings: FixtureSource, request: FixtureRequest) {
  const { source } = configFor(vendor, settings, () => undefined)
  const { messages } = readMessages(bodyOf(request))
  return Promise.all(
    messages.map(async ({ text }) => {
      const message = storedMessage(
        { text, encoding: 'utf8' },
        { headers: headersOf(request), eventName: request.query?.event, hops: 0 },
      )
      const record = await draftRecord(newEventId(NOW, 7), source, message, 'https://relay.example')
      if ('issues' in record.content) {
        const issues = record.content.issues.map(({ path }) => path)
        return { status: 'quarantined', type: record.type, vendortype: record.vendorType, issues }
      }
      const event = JSON.parse(JSON.stringify(record.content.event)) as MembershipEvent
      const warnings = event.data.warnings ?? []
      return {
        status: 'accepted',
        event: withoutConstants(event, vendor),
        warnings: warnings.map((warning) => warning.split(': ')[0] ?? '').toSorted(),
      }
    }),
  )
}

/** Checks the attributes that are equal for every fixture, and removes them. */
function withoutConstants(event: MembershipEvent, vendor: VendorId) {
  const { specversion, id, datacontenttype, dataschema, relaysource, receivedat, ...rest } = event
  expect({ specversion, id, datacontenttype, dataschema, relaysource, receivedat }).toEqual({
    specversion: '1.0',
    id: newEventId(NOW, 7),
    datacontenttype: 'application/json',
    dataschema: `https://relay.example/schemas/${event.type}/1`,
    relaysource: 'test',
    receivedat: '2026-11-21T00:00:00Z',
  })
  expect(rest.vendor).toBe(vendor)
  expect(rest.mappingversion).toBe(VENDORS[vendor].mappingVersion)
  expect(() => v.parse(EVENT_DATA[event.type], event.data)).not.toThrow()
  const { vendor: _vendor, mappingversion: _version, data, ...event_ } = rest
  const { warnings: _warnings, ...facts } = data
  return { ...event_, data: facts }
}
