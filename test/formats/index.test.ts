// The content type of each attempt: that of the target, without calling a body what it is not.
import { expect, it } from 'vitest'
import { contentTypeFor } from '../../src/formats/index.ts'

const CLOUDEVENT = 'application/cloudevents+json'
const BEFORE = 'application/cloudevents+json; charset=utf-8'
const JSON_BEFORE = 'application/json; charset=utf-8'
const binary = { 'ce-id': 'evt_1' }

it.each([
  // format, content_type, what the body is, headers with it, the content type of the request
  ['cloudevents', undefined, CLOUDEVENT, undefined, 'application/json'],
  ['cloudevents', CLOUDEVENT, CLOUDEVENT, undefined, CLOUDEVENT],
  ['cloudevents', 'text/plain', CLOUDEVENT, undefined, 'text/plain'],
  ['slack', undefined, 'application/json', undefined, 'application/json'],
  [
    'slack',
    'application/json; charset=utf-8',
    'application/json',
    undefined,
    'application/json; charset=utf-8',
  ],
  ['raw', undefined, 'text/json', undefined, 'text/json'],
  ['raw', 'application/json', 'text/json', undefined, 'application/json'],
  ['cloudevents-binary', undefined, 'application/json', binary, 'application/json'],
  // No vendor sent it: its name tells it from what a vendor sent.
  ['raw', undefined, CLOUDEVENT, undefined, CLOUDEVENT],
  ['raw', 'text/plain', CLOUDEVENT, undefined, CLOUDEVENT],
  // Kept from before `content_type` was known.
  ['cloudevents', undefined, BEFORE, undefined, 'application/json'],
  ['cloudevents', CLOUDEVENT, BEFORE, undefined, CLOUDEVENT],
  ['raw', undefined, BEFORE, undefined, CLOUDEVENT],
  ['slack', undefined, JSON_BEFORE, undefined, 'application/json'],
  ['slack', 'text/plain', JSON_BEFORE, undefined, 'text/plain'],
  ['cloudevents', undefined, JSON_BEFORE, undefined, 'application/json'],
  ['cloudevents', CLOUDEVENT, JSON_BEFORE, undefined, 'application/json'],
  ['raw', undefined, JSON_BEFORE, undefined, JSON_BEFORE],
  // Kept while the target had another format.
  ['cloudevents', CLOUDEVENT, 'application/json', undefined, 'application/json'],
  ['cloudevents', 'text/plain', 'application/json', binary, 'application/json'],
  ['cloudevents-binary', undefined, CLOUDEVENT, undefined, CLOUDEVENT],
  ['slack', 'text/plain', BEFORE, undefined, 'text/plain'],
] as const)('to format %s with content_type %s, %s (headers: %j) goes as %s', (...row) => {
  const [format, contentType, own, headers, expected] = row

  expect(contentTypeFor({ format, contentType }, { contentType: own, headers, body: '' })).toBe(
    expected,
  )
})
