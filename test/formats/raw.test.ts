import { describe, expect, it } from 'vitest'
import { raw } from '../../src/formats/raw.ts'
import { anEvent } from '../core/builders.ts'

describe('raw', () => {
  it.each([
    ['{ "a": 1.50 }\r\n', undefined, 'application/json'],
    ['\ufeff{"é":"😀"}', 'application/json; charset=utf-8', 'application/json; charset=utf-8'],
  ])('renders the exact text %j', (text, given, contentType) => {
    const body = { text, encoding: 'utf8' } as const

    expect(raw.render(anEvent(), body, given)).toEqual({ contentType, body: text })
  })

  it('renders a CloudEvent if no vendor sent the event', () => {
    const event = anEvent()

    expect(raw.render(event, { text: '', encoding: 'utf8' }, undefined)).toEqual({
      contentType: 'application/cloudevents+json',
      body: JSON.stringify(event),
    })
  })

  it.each(['application/cloudevents+json', 'Application/CloudEvents-batch+JSON; charset=utf-8'])(
    'takes the name %s from what a vendor sent, as it tells that no vendor did',
    (given) => {
      const body = { text: '{"specversion":"1.0"}', encoding: 'utf8' } as const

      expect(raw.render(anEvent(), body, given).contentType).toBe('application/json')
    },
  )

  it.each([
    ['was deleted', undefined, 'no longer kept'],
    ['is not text', { text: '/w==', encoding: 'base64' } as const, 'is not text'],
  ])('throws if the body %s', (_, body, text) => {
    expect(() => raw.render(anEvent(), body, undefined)).toThrow(text)
  })
})
