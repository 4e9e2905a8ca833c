// What an operator reads after a test of a target.
import { describe, expect, it } from 'vitest'
import { wordsOfTest } from '../../../src/core/deliveries/test-answer.ts'

const event = { type: 'relay.test', data: { code: '0q7x2k9f' } }
const attempt = { attempt: 1, at: '2026-11-21T00:00:00Z', ms: 12, content_type: 'application/json' }
const request = { hasCode: true, isSigned: true }
const wordsOf = (overrides: object, differs: object = {}) =>
  wordsOfTest('crm', event, { ...attempt, ...overrides }, { ...request, ...differs })

describe('a 2xx', () => {
  it.each(['relay.test 0q7x2k9f', '{"data":{"code":"0q7x2k9f"},"type":"relay.test"}'])(
    'with type and code in the answer %j proves that the event was read',
    (response) => {
      expect(wordsOf({ status: 200, response })).toEqual([
        `crm answered 200 after 12 ms: ${response}`,
        'The answer has the type and the code of the event (0q7x2k9f): the receiver has read its attributes and its data.',
      ])
    },
  )

  it.each([
    [undefined, 'crm answered 204 after 12 ms.'],
    ['', 'crm answered 204 after 12 ms.'],
    ['ok', 'crm answered 204 after 12 ms: ok'],
    ['0q7x2k9f', 'crm answered 204 after 12 ms: 0q7x2k9f'],
    ['relay.test', 'crm answered 204 after 12 ms: relay.test'],
  ])('with the answer %j says that somebody answered, no more', (response, first) => {
    expect(wordsOf({ status: 204, response })).toEqual([
      first,
      'That says that it answered, not that its code read the event: look there for the code 0q7x2k9f. A receiver that answers a test with relay.test and the code shows it here.',
    ])
  })

  it('says no more either of a test that had no code', () => {
    const answered = { ...attempt, status: 200 }
    expect(wordsOfTest('crm', { ...event, data: {} }, answered, request)).toEqual([
      'crm answered 200 after 12 ms.',
      'That says that it answered, not that its code read the event.',
    ])
  })
})

it('does not send anybody to look for a code that the body did not have, and believes an answer that has it', () => {
  expect(wordsOf({ status: 200 }, { hasCode: false })).toEqual([
    'crm answered 200 after 12 ms.',
    'That says that it answered, not that its code read the event.',
  ])
  const response = 'relay.test 0q7x2k9f'
  expect(wordsOf({ status: 200, response }, { hasCode: false })[1]).toContain('has read')
})

describe('a refusal', () => {
  it.each([401, 403])('with %i of what is not signed says how to sign it', (status) => {
    expect(wordsOf({ status, error: 'status' }, { isSigned: false })[1]).toBe(
      'It asks for a signature or for credentials, and the target has no secret: set secret, or send credentials by its headers.',
    )
  })

  it.each([
    [400, 'Probably a parser'],
    [301, 'Redirects are not followed: set url of the target to the final address.'],
    [308, 'Redirects are not followed'],
    [401, 'It did not accept the signature'],
    [403, 'It did not accept the signature'],
    [404, 'Probably nothing takes a POST at this path: check url.'],
    [405, 'There is something at this path'],
    [410, 'It says that it is gone for good. An event that is no test stops the target then'],
    [413, 'The body is larger than'],
    [415, 'Its framework does not take the content type application/json on this route'],
    [429, 'It takes no more requests for now.'],
    [431, 'Its server takes fewer bytes of headers than this request has.'],
  ])('with %i says what the receiver probably needs, and where to read on', (status, need) => {
    const words = wordsOf({ status, error: 'status', response: 'no' })

    expect(words).toEqual([
      `crm answered ${status} after 12 ms: no`,
      expect.stringContaining(need),
      'More: docs/receiving.md, "When a test is refused".',
    ])
  })

  it.each([
    [{ status: 500, error: 'status', response: 'boom' }, 'crm answered 500 after 12 ms: boom'],
    [
      { error: 'fault', response: 'the body could not be made: none', ms: 0 },
      'nothing was sent to crm (fault): the body could not be made: none',
    ],
    [{ error: 'dns', response: 'no host' }, 'crm could not be reached (dns) after 12 ms: no host'],
  ])('that tells nothing about the framework is shown alone: %j', (given, line) => {
    expect(wordsOf(given)).toEqual([line])
  })

  it('shows the first part of a page as one line', () => {
    const response = `<!doctype html>\r\n\t<h1>Cannot POST\u001b[31m</h1>${'x'.repeat(500)}`

    expect(wordsOf({ status: 404, response })[0]).toBe(
      `crm answered 404 after 12 ms: ${`<!doctype html> <h1>Cannot POST [31m</h1>${'x'.repeat(500)}`.slice(0, 200)}…`,
    )
  })
})
