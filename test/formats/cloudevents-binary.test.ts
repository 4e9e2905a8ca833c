// The binary mode of CloudEvents: each attribute is a header.
import { CloudEvent, HTTP } from 'cloudevents'
import { describe, expect, it } from 'vitest'
import { cloudeventsBinary } from '../../src/formats/cloudevents-binary.ts'
import { anEvent } from '../core/builders.ts'

describe('cloudevents-binary', () => {
  it('has the data as its body, and every other attribute as a header', () => {
    expect(cloudeventsBinary.render(anEvent({ late: true }))).toEqual({
      contentType: 'application/json',
      headers: {
        'ce-specversion': '1.0',
        'ce-id': 'evt_1jkm0300007',
        'ce-type': 'contact.created',
        'ce-source': '/hapana/sites/S1',
        'ce-subject': 'contact/C1',
        'ce-time': '2026-11-21T00:00:00Z',
        'ce-dataschema': 'https://relay.example/schemas/contact.created/1',
        'ce-relaysource': 'hapana',
        'ce-vendor': 'hapana',
        'ce-vendortype': 'accountCreated',
        'ce-receivedat': '2026-11-21T00:00:00Z',
        'ce-timebasis': 'received',
        'ce-typebasis': 'body',
        'ce-mappingversion': '1',
        'ce-late': 'true',
      },
      body: '{"contact":{"vendor_id":"C1"}}',
    })
  })

  // The first is the example of the specification.
  it.each([
    ['Euro € 😀', 'Euro%20%E2%82%AC%20%F0%9F%98%80'],
    ['100%', '100%25'],
    ['say "hi"', 'say%20%22hi%22'],
    ["~!#$&'()*+,-./:;<=>?@[\\]^_`{|}", "~!#$&'()*+,-./:;<=>?@[\\]^_`{|}"],
    ['a\tb\r\nc\u007f', 'a%09b%0D%0Ac%7F'],
    ['half \ud83d', 'half%20%EF%BF%BD'],
  ])('writes %j in a header as %s', (subject, written) => {
    const { headers } = cloudeventsBinary.render(anEvent({ subject }))

    expect(headers['ce-subject']).toBe(written)
    expect(new Headers(headers).get('ce-subject')).toBe(written)
  })

  it('is read by the CloudEvents library: text, where the event has a number or true', () => {
    const event = anEvent({ test: true })
    const { contentType, headers, body } = cloudeventsBinary.render(event)

    const read = HTTP.toEvent({ headers: { ...headers, 'content-type': contentType }, body })

    expect(read).toBeInstanceOf(CloudEvent)
    const { time, ...attributes } = (read as CloudEvent).toJSON()
    expect(Date.parse(String(time))).toBe(Date.parse(event.time))
    const { time: _, ...expected } = event
    expect(attributes).toEqual({ ...expected, mappingversion: '1', test: 'true' })
  })
})
