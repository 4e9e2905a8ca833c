import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asDate, asMoment } from '../../../src/core/events/time.ts'

const SYDNEY = { timezone: 'Australia/Sydney' }

describe('asDate', () => {
  const real = fc.date({
    min: new Date('1000-01-01T00:00:00Z'),
    max: new Date('9999-12-31T00:00:00Z'),
    noInvalidDate: true,
  })
  const parts = real.map(
    (date) => date.toISOString().slice(0, 10).split('-') as [string, string, string],
  )

  it.each([
    ['1990-02-28', '1990-02-28'],
    [' 2024-02-29 ', '2024-02-29'],
    ['1990-02-28T23:00:00-11:00', '1990-02-28'],
    ['1990-02-28 00:00:00', '1990-02-28'],
    ['31/1/1990', '1990-01-31'],
    ['1/31/1990', '1990-01-31'],
    ['31-1-1990 9:15 PM', '1990-01-31'],
    ['01.02.1990', '1990-02-01'],
    ['1990/2/28', '1990-02-28'],
    ['1990-2-28, 23:00', '1990-02-28'],
    ['0000-00-00', null],
  ])('reads %s as %s: a time after the date does not shift it', (text, date) => {
    expect(asDate({})(text)).toBe(date)
  })

  it.each([
    '2023-02-29',
    '1990-04-31',
    '1990-00-10',
    '1990-10-00',
    '0999-01-01',
    '1/2/1990',
    '90-01-01',
    '01.31.1990',
    '1990.01.31',
    19900101,
    {},
  ])('does not read %j', (value) => {
    expect(asDate({})(value)).toBeUndefined()
  })

  it('reads any real date in each of the three forms', () => {
    fc.assert(
      fc.property(parts, ([year, month, day]) => {
        const date = `${year}-${month}-${day}`
        expect(asDate({})(date)).toBe(date)
        expect(asDate({ dateFormat: 'DD/MM/YYYY' })(`${day}/${month}/${year}`)).toBe(date)
        expect(asDate({ dateFormat: 'MM/DD/YYYY' })(`${month}/${day}/${year}`)).toBe(date)
      }),
    )
  })

  it('never reads an impossible date', () => {
    const lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    const impossible = fc
      .record({
        year: fc.integer({ min: 1000, max: 9999 }),
        month: fc.integer({ min: 0, max: 99 }),
        day: fc.integer({ min: 0, max: 99 }),
      })
      .filter(({ year, month, day }) => {
        const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
        return day === 0 || day > (lengths[month - 1] ?? 0) + (leap ? 1 : 0)
      })
    fc.assert(
      fc.property(impossible, ({ year, month, day }) => {
        const [m, d] = [month, day].map((n) => String(n).padStart(2, '0'))
        expect(asDate({})(`${year}-${m}-${d}`)).toBeUndefined()
        expect(asDate({ dateFormat: 'DD/MM/YYYY' })(`${d}/${m}/${year}`)).toBeUndefined()
        expect(asDate({ dateFormat: 'MM/DD/YYYY' })(`${m}/${d}/${year}`)).toBeUndefined()
        expect(asMoment({})(`${year}-${m}-${d}T10:00:00Z`)).toBeUndefined()
      }),
    )
  })

  it('never throws, whatever the value', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => void [asDate({})(value), asMoment(SYDNEY)(value)]),
    )
    fc.assert(
      fc.property(fc.string(), (value) => void [asDate({})(value), asMoment(SYDNEY)(value)]),
    )
  })
})
