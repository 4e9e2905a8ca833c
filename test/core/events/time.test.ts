import { describe, expect, it } from 'vitest'
import { asInstant, asMoment, formatInstant, parseEpoch } from '../../../src/core/events/time.ts'
import { parseJson } from '../../../src/core/intake/json.ts'

const SYDNEY = { timezone: 'Australia/Sydney' }
const SKIPPED = (zone: string) => `is in an hour that ${zone} skips; kept as local time`
const REPEATED = (zone: string) => `is in an hour that ${zone} repeats; kept as local time`

describe('epochs', () => {
  it.each([
    [1795212900, '2026-11-20T22:15:00Z'],
    ['1795212900', '2026-11-20T22:15:00Z'],
    [' 1795212900 ', '2026-11-20T22:15:00Z'],
    [1795212900000, '2026-11-20T22:15:00Z'],
    ['1795212900123', '2026-11-20T22:15:00.123Z'],
    [1000000000, '2001-09-09T01:46:40Z'],
    [1795212900.5, '2026-11-20T22:15:00.500Z'],
    [1596224512.123, '2020-07-31T19:41:52.123Z'],
    ['1795212900.999999', '2026-11-20T22:15:00.999Z'],
    [1795212900123.75, '2026-11-20T22:15:00.123Z'],
    [parseJson('1596224512.0'), '2020-07-31T19:41:52Z'],
    [parseJson('1.596224512e9'), '2020-07-31T19:41:52Z'],
    [parseJson('1596224512000.0'), '2020-07-31T19:41:52Z'],
  ])('reads %j as %s', (value, at) => {
    expect(asInstant(value)).toBe(at)
    expect(asMoment({})(value)).toEqual({ at })
    expect(formatInstant(parseEpoch(value) ?? 0)).toBe(at)
  })

  it.each([
    0,
    999999999,
    12345678901,
    -1795212900,
    true,
    null,
    {},
    '1795212900x',
    '1795212900.',
    '1.7952129e9',
    parseJson('1e400'),
    '',
  ])('does not read %j', (value) => {
    expect(parseEpoch(value)).toBeUndefined()
    expect(asInstant(value)).toBeUndefined()
  })

  it('of a vendor that gives instants may be times with a zone, and no others', () => {
    expect(asInstant('2020-07-31T19:41:52Z')).toBe('2020-07-31T19:41:52Z')
    expect(asInstant('2020-08-01T05:41:52.250+10:00')).toBe('2020-07-31T19:41:52.250Z')
    expect(asInstant('2020-07-31 19:41:52')).toBeUndefined()
    expect(asInstant('2020-07-31')).toBeUndefined()
    expect(asInstant('0000-00-00 00:00:00')).toBeNull()
  })
})

describe('asMoment with a zone in the value', () => {
  it.each([
    ['2026-11-20T22:15:00Z', '2026-11-20T22:15:00Z'],
    ['2026-11-20t22:15:00z', '2026-11-20T22:15:00Z'],
    ['2026-11-20 22:15Z', '2026-11-20T22:15:00Z'],
    ['2026-11-20T22:15:00.000Z', '2026-11-20T22:15:00Z'],
    ['2026-11-20T22:15:00.5Z', '2026-11-20T22:15:00.500Z'],
    ['2026-11-20T22:15:00,123999Z', '2026-11-20T22:15:00.123Z'],
    ['2026-11-21T09:15:00+11:00', '2026-11-20T22:15:00Z'],
    ['2026-11-21T09:15:00 +1100', '2026-11-20T22:15:00Z'],
    ['2026-11-20T16:30:00-05:45', '2026-11-20T22:15:00Z'],
    ['2024-02-29T23:59:59Z', '2024-02-29T23:59:59Z'],
    ['2026-11-21 09:15:00+11', '2026-11-20T22:15:00Z'],
    ['2026-11-20T17:15-05', '2026-11-20T22:15:00Z'],
    ['2026-11-20 22:15:00 UTC', '2026-11-20T22:15:00Z'],
    ['2026-11-20 22:15:00.000000 utc', '2026-11-20T22:15:00Z'],
    ['2026-11-20 22:15 GMT', '2026-11-20T22:15:00Z'],
    ['2026/11/20 10:15 PM UTC', '2026-11-20T22:15:00Z'],
    ['20.11.2026 22:15 +00:00', '2026-11-20T22:15:00Z'],
    ['2026-11-20T9:05:00Z', '2026-11-20T09:05:00Z'],
  ])('reads %s as %s, whatever is configured', (text, at) => {
    expect(asMoment({})(text)).toEqual({ at })
    expect(asMoment(SYDNEY)(text)).toEqual({ at })
  })

  it.each([
    '2026-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-11-31T00:00:00Z',
    '0999-12-31T00:00:00Z',
    '2026-11-20T24:00:00Z',
    '2026-11-20T23:60:00Z',
    '2026-11-20T23:59:60Z',
    '2026-11-20T23:59:59+24:00',
    '2026-11-20T23:59:59+05:60',
    '2026-11-20T23:59:59 AEST',
    '2026-11-20T23:59:59 BST',
    '2026-11-20T23:59:59 UTC+11',
    '2026-11-20T23:59:59+1',
    '2026-11-20 13:00 PM',
    '2026-11-20 0:15 AM',
    '2026-11-20 9 PM',
    '2026-20/11 09:00',
    '20.13.2026 09:00',
    '2026.11.20 09:00',
    '2026-11-20Z',
    'yesterday',
    '2026-11-20',
    '',
    true,
    {},
    22.15,
  ])('does not read %j', (value) => {
    expect(asMoment(SYDNEY)(value)).toBeUndefined()
  })

  it('reads a zero date as null', () => {
    expect(asMoment(SYDNEY)('0000-00-00 00:00:00')).toBeNull()
  })

  // RFC 3339 has no `+010000-01-01T00:59:59Z`.
  it.each([
    ['9999-12-31T23:59:59-01:00', {}],
    ['9999-12-31T23:59:59', { timezone: 'America/New_York' }],
  ])('returns no year of more than four digits for %s', (text, settings) => {
    const moment = asMoment(settings)(text)

    expect(JSON.stringify(moment ?? null)).not.toMatch(/"at":"[+-]/)
  })
})

describe('asMoment without a zone in the value', () => {
  it('stays local when no zone is configured', () => {
    expect(asMoment({})('2026-11-20 22:15')).toEqual({
      local: '2026-11-20T22:15:00',
      why: 'has no time zone, and none is configured; kept as local time',
    })
  })

  // The instants are those of Python's zoneinfo.
  it.each([
    ['Australia/Sydney', '2026-07-01 09:00', '2026-06-30T23:00:00Z'],
    ['Australia/Sydney', '2026-10-04T01:59:59', '2026-10-03T15:59:59Z'],
    ['Australia/Sydney', '2026-10-04T03:00:00', '2026-10-03T16:00:00Z'],
    ['Australia/Sydney', '2026-04-05T01:59:59', '2026-04-04T14:59:59Z'],
    ['Australia/Sydney', '2026-04-05T03:00:00', '2026-04-04T17:00:00Z'],
    ['Australia/Lord_Howe', '2026-10-04T02:30:00', '2026-10-03T15:30:00Z'],
    ['Europe/Lisbon', '2026-10-25T02:00:00', '2026-10-25T02:00:00Z'],
    ['America/New_York', '2026-07-04T12:00:00', '2026-07-04T16:00:00Z'],
    ['America/New_York', '2026-11-01T02:00:00', '2026-11-01T07:00:00Z'],
    ['Asia/Kathmandu', '2026-01-01T00:00:00', '2025-12-31T18:15:00Z'],
    ['Pacific/Kiritimati', '2026-01-01T00:00:00', '2025-12-31T10:00:00Z'],
    ['Pacific/Apia', '2011-12-29T20:00:00', '2011-12-30T06:00:00Z'],
    ['Pacific/Apia', '2011-12-31T00:30:00', '2011-12-30T10:30:00Z'],
  ])('in %s reads %s as %s', (timezone, text, at) => {
    const local = text.length === 16 ? `${text.replace(' ', 'T')}:00` : text

    expect(asMoment({ timezone })(text)).toEqual({ at, local, zone: timezone })
  })

  it.each([
    ['2026-11-21 9:15 AM', '2026-11-21T09:15:00'],
    ['2026-11-21 09:15:30 pm', '2026-11-21T21:15:30'],
    ['2026-11-21T9:15PM', '2026-11-21T21:15:00'],
    ['2026-11-21 9:15 p.m.', '2026-11-21T21:15:00'],
    ['2026-11-21 12:00 AM', '2026-11-21T00:00:00'],
    ['2026-11-21 12:30 PM', '2026-11-21T12:30:00'],
    ['21/11/2026, 9:15:00\u202fpm', '2026-11-21T21:15:00'],
    ['2026/11/21 09:15', '2026-11-21T09:15:00'],
    ['2026/1/5 09:15', '2026-01-05T09:15:00'],
    ['21.11.2026 09:15', '2026-11-21T09:15:00'],
    ['05.01.2026 09:15', '2026-01-05T09:15:00'],
    ['21-11-2026 09:15', '2026-11-21T09:15:00'],
    ['2026-11-21 09:15:00.25', '2026-11-21T09:15:00.250'],
  ])('reads the forms of vendors: %s is %s', (text, local) => {
    const zone = 'Australia/Sydney'
    const at = new Date(Date.parse(`${local}Z`) - 11 * 3_600_000)

    expect(asMoment(SYDNEY)(text)).toEqual({
      at: at.toISOString().replace('.000Z', 'Z'),
      local,
      zone,
    })
  })

  it.each([
    ['Australia/Sydney', '2026-10-04T02:00:00'],
    ['Australia/Sydney', '2026-10-04T02:59:59'],
    ['Europe/Lisbon', '2026-03-29T01:30:00'],
    ['America/New_York', '2026-03-08T02:30:00'],
    ['Australia/Lord_Howe', '2026-10-04T02:15:00'],
    ['Pacific/Apia', '2011-12-30T12:00:00'],
  ])('in %s leaves the skipped time %s local', (timezone, local) => {
    expect(asMoment({ timezone })(local)).toEqual({
      local,
      zone: timezone,
      why: SKIPPED(timezone),
    })
  })

  it.each([
    ['Australia/Sydney', '2026-04-05T02:00:00'],
    ['Australia/Sydney', '2026-04-05T02:30:00'],
    ['Europe/Lisbon', '2026-10-25T01:30:00'],
    ['America/New_York', '2026-11-01T01:30:00'],
    ['Australia/Lord_Howe', '2026-04-05T01:45:00'],
  ])('in %s leaves the repeated time %s local', (timezone, local) => {
    expect(asMoment({ timezone })(local)).toEqual({
      local,
      zone: timezone,
      why: REPEATED(timezone),
    })
  })

  it.each([
    ['DD/MM/YYYY', '02/01/2026 10:00', '2026-01-01T23:00:00Z'],
    ['DD/MM/YYYY', '02-01-2026 10:00', '2026-01-01T23:00:00Z'],
    ['MM/DD/YYYY', '02.01.2026 10:00', '2026-01-01T23:00:00Z'],
    ['DD/MM/YYYY', '2026/02/01 10:00', '2026-01-31T23:00:00Z'],
    ['MM/DD/YYYY', '02/01/2026 10:00', '2026-01-31T23:00:00Z'],
    [undefined, '13/01/2026 10:00', '2026-01-12T23:00:00Z'],
    [undefined, '1/13/2026 9:00:30', '2026-01-12T22:00:30Z'],
  ] as const)('with the order %s reads %s as %s', (dateFormat, text, at) => {
    expect(asMoment({ ...SYDNEY, dateFormat })(text)).toMatchObject({ at })
  })

  it.each([
    [undefined, '02/01/2026 10:00'],
    [undefined, '02-01-2026 10:00'],
    ['DD/MM/YYYY', '02/13/2026 10:00'],
    ['MM/DD/YYYY', '13/02/2026 10:00'],
    ['DD/MM/YYYY', '31/11/2026 10:00'],
    ['DD/MM/YYYY', '02/01/2026'],
    ['DD/MM/YYYY', '02/01/26 10:00'],
    [undefined, '2026-11-20T22:61:00'],
  ] as const)('with the order %s does not read %s', (dateFormat, text) => {
    expect(asMoment({ ...SYDNEY, dateFormat })(text)).toBeUndefined()
  })
})
