// Media types as an operator or a vendor writes them, and whether a body fits their charset.
import { describe, expect, it } from 'vitest'
import { charsetProblem, charsetsOf, isMediaType } from '../../../src/core/deliveries/media-type.ts'

describe('a media type', () => {
  it.each([
    'application/json',
    'application/cloudevents+json',
    'Application/JSON; charset=UTF-8',
    'application/vnd.api+json;profile="https://a.example/x y";v=1',
    'text/plain; title="a \\" quote"',
    'application/x-www-form-urlencoded',
  ])('is %s', (text) => {
    expect(isMediaType(text)).toBe(true)
  })

  it.each([
    '',
    'json',
    '/json',
    'application/',
    '*/*',
    'application/*',
    'application/json;',
    'application/json; charset',
    'application/json; charset=',
    'application/json, text/plain',
    'application/json\r\nx: y',
    ' application/json',
    'application / json',
    'text/plain; title="open',
    'application/jsön',
    `application/${'x'.repeat(128)}`,
  ])('is not %j', (text) => {
    expect(isMediaType(text)).toBe(false)
  })
})

it.each([
  ['application/json', []],
  ['text/plain; CHARSET=ISO-8859-1', ['iso-8859-1']],
  ['text/plain; charset="utf-16"; charset=utf-8', ['utf-16', 'utf-8']],
  ['text/plain; x-charset=utf-16', []],
])('the charsets of %s are %j', (contentType, charsets) => {
  expect(charsetsOf(contentType)).toEqual(charsets)
})

describe('a text that is sent as UTF-8', () => {
  it.each([
    ['application/json', '{"name":"Zoë"}'],
    ['application/json; charset=utf8', '{"name":"会员"}'],
    ['application/json; charset=us-ascii', '{"name":"Zoe"}'],
    ['application/json; charset=iso-8859-1', '{"name":"Zoe"}'],
    ['application/json; charset=shift_jis', '{"name":"Zoe"}'],
    ['application/json; charset=UTF-8', '\ufeff{}'],
  ])('is read by who obeys %s: %s', (contentType, text) => {
    expect(charsetProblem(contentType, text)).toBeUndefined()
  })

  it.each([
    '',
    "'utf-8'",
    'utf-8,utf-8',
    'utf_8',
    'utf8mb4',
    'binary',
    'undefined',
    '"nobody knows"',
  ])('is sent where charset=%s is no charset, and so says nothing of the bytes', (charset) => {
    const contentType = `application/json; charset=${charset}`

    expect(charsetProblem(contentType, '{"name":"Zoe"}')).toBeUndefined()
    expect(charsetProblem(contentType, '{"name":"Zoë"}')).toBeUndefined()
  })

  it('is not read where one of two charsets is known and cannot hold it', () => {
    expect(charsetProblem('application/json; charset=utf_8; charset=utf-16', '{}')).toContain(
      'the charset "utf-16"',
    )
  })

  it.each([
    ['iso-8859-1', '{"name":"Zoë"}'],
    ['windows-1252', '{"name":"会员"}'],
    ['utf-16', '{"name":"Zoe"}'],
    ['utf-16le', '{}'],
  ])('is not read by who obeys charset=%s: %s', (charset, text) => {
    expect(charsetProblem(`application/json; charset=${charset}`, text)).toBe(
      `its content type names the charset "${charset}", but its bytes are UTF-8: set content_type of the target`,
    )
  })
})
