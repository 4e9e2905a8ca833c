import fc from 'fast-check'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { Amount, asAmount, asDecimal, signOf, subtract } from '../../../src/core/events/amount.ts'
import { parseJson } from '../../../src/core/intake/json.ts'

describe('asDecimal', () => {
  it.each([
    ['12', '12'],
    [' 12.00 ', '12.00'],
    ['1,299.00', '1299.00'],
    ['-1,299', '-1299'],
    ['1,000,000.50', '1000000.50'],
    ['+5', '5'],
    ['007.10', '7.10'],
    ['-0', '0'],
    ['-0.00', '0.00'],
    ['1e3', '1000'],
    ['12.5E1', '125'],
    ['12.50e1', '125.0'],
    ['12e-1', '1.2'],
    ['5e-3', '0.005'],
    ['1e-40', '0.0000000000000000000000000000000000000001'],
    ['5.551115123125783e-17', '0.00000000000000005551115123125783'],
    ['1234567890123456789012345678901234567890', '1234567890123456789012345678901234567890'],
  ])('reads the string %j as %s', (text, decimal) => {
    expect(asDecimal(text)).toBe(decimal)
  })

  it.each([
    [0, '0'],
    [-0, '0'],
    [49.5, '49.5'],
    [1e21, '1000000000000000000000'],
    [1.5e-7, '0.00000015'],
  ])('reads the number %d as %s', (number, decimal) => {
    expect(asDecimal(number)).toBe(decimal)
  })

  it.each([
    ['49.00', '49.00'],
    ['1E2', '100'],
    ['0.10', '0.10'],
    ['9007199254740993.01', '9007199254740993.01'],
    ['-0.0', '0.0'],
  ])('reads the JSON number %s as %s, with its digits as written', (json, decimal) => {
    expect(asDecimal(parseJson(json))).toBe(decimal)
  })

  it.each([
    '1.299,00',
    '0,5',
    '1,29',
    '12,34,567',
    ',100',
    '$5',
    '5 AUD',
    '1 000',
    '.5',
    '5.',
    '--5',
    '1e',
    '1e1000',
    '1e40',
    '1e-41',
    '1e999999999',
    '12345678901234567890123456789012345678901',
    'NaN',
    'Infinity',
    '0x10',
    '٣',
    '',
  ])('does not read %j', (text) => {
    expect(asDecimal(text)).toBeUndefined()
  })

  it.each([true, null, [], ['5'], {}, Number.NaN, Number.POSITIVE_INFINITY, undefined])(
    'does not read the value %j',
    (value) => {
      expect(asDecimal(value)).toBeUndefined()
    },
  )

  const whole = fc.stringMatching(/^(0|[1-9]\d{0,14})$/)
  const fraction = fc.stringMatching(/^(\.\d{1,15})?$/)

  it('returns every decimal string unchanged', () => {
    fc.assert(
      fc.property(whole, fraction, (a, b) => {
        expect(asDecimal(a + b)).toBe(a + b)
        if (a !== '0') expect(asDecimal(`-${a}${b}`)).toBe(`-${a}${b}`)
      }),
    )
  })

  it('removes thousands separators', () => {
    const group = fc.stringMatching(/^\d{3}$/)
    const groups = fc.array(group, { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(
        fc.stringMatching(/^[1-9]\d{0,2}$/),
        groups,
        fraction,
        (first, others, decimals) => {
          const text = [first, ...others].join(',') + decimals
          expect(asDecimal(text)).toBe([first, ...others].join('') + decimals)
        },
      ),
    )
  })

  it('shifts the decimal point by an exponent, and writes no exponent', () => {
    const exponent = fc.integer({ min: -12, max: 12 })
    fc.assert(
      fc.property(fc.integer(), exponent, (n, e) => {
        const decimal = asDecimal(`${n}e${e}`) ?? ''
        expect(decimal).toMatch(/^-?(0|[1-9]\d*)(\.\d+)?$/)
        expect(Number(decimal)).toBe(Number(`${n}e${e}`) || 0)
      }),
    )
  })

  it('writes a double with exactly its digits', () => {
    fc.assert(
      fc.property(fc.double(), (n) => {
        const decimal = asDecimal(n)
        if (typeof decimal !== 'string') return
        expect(decimal).toMatch(/^-?(0|[1-9]\d*)(\.\d+)?$/)
        expect(Number(decimal)).toBe(n || 0)
      }),
    )
  })

  it('never throws, whatever the value', () => {
    fc.assert(fc.property(fc.anything(), (value) => void asDecimal(value)))
    fc.assert(fc.property(fc.string(), (value) => void asDecimal(value)))
    fc.assert(fc.property(fc.stringMatching(/^[-+\d.,e]*$/), (value) => void asDecimal(value)))
  })
})

describe('asAmount', () => {
  it.each([
    ['AUD', { value: '49.00', unit: 'unspecified', currency: 'AUD' }],
    [undefined, { value: '49.00', unit: 'unspecified', currency: null }],
  ])('uses the currency %j of the settings, and never assumes a unit', (currency, amount) => {
    expect(asAmount(currency)('49.00')).toEqual(amount)
  })

  it.each([
    ['29.970000000000002', '29.97'],
    ['59.699999999999996', '59.7'],
    ['0.30000000000000004', '0.3'],
    ['30.000000000000004', '30'],
    ['99.99999999999999', '100'],
    ['-19.999999999999996', '-20'],
    ['-5.551115123125783e-17', '0'],
    ['1.234567', '1.234567'],
    ['33.333333333333336', '33.333333'],
    ['12.50', '12.50'],
  ])('reads the float %s as %s, whether it is a number or a text', (text, value) => {
    expect(asAmount(undefined)(text)).toMatchObject({ value })
    expect(asAmount(undefined)(parseJson(text))).toMatchObject({ value })
  })

  it('does not read a value that is not a number', () => {
    expect(asAmount('AUD')('free')).toBeUndefined()
  })

  it('returns amounts that are valid by their schema', () => {
    fc.assert(
      fc.property(fc.double(), (n) => {
        const amount = asAmount('EUR')(n)
        if (amount) expect(v.is(Amount, amount)).toBe(true)
      }),
    )
  })

  it.each([
    { value: 49, unit: 'major', currency: 'AUD' },
    { value: '4,9', unit: 'major', currency: 'AUD' },
    { value: '49', unit: 'cents', currency: 'AUD' },
    { value: '49', unit: 'major', currency: 'aud' },
    { value: '49', unit: 'major' },
  ])('has a schema that refuses %j', (amount) => {
    expect(v.is(Amount, amount)).toBe(false)
  })
})

describe('subtract', () => {
  const amount = (value: string, currency: string | null = null): Amount => ({
    value,
    unit: 'unspecified',
    currency,
  })

  it.each([
    ['30', '20', null, '10'],
    ['30.5', '30.25', null, '0.25'],
    ['20.00', '30', null, '-10.00'],
    ['59.699999999999996', '39.8', null, '19.9'],
    ['29.97', '29.970000000000002', null, '0'],
    ['1.500', '1.495', null, '0.005'],
    ['1.500', '1.495', 'KWD', '0.005'],
    ['33.333', '33.33', 'USD', '0'],
    ['33.33', '33.333', 'USD', '0'],
    ['10.5051', '10.5', 'USD', '0.01'],
    ['1200', '1000', 'JPY', '200'],
  ])(
    'of %s and %s in %s is %s: exact, at the precision of money',
    (one, other, currency, value) => {
      expect(subtract(amount(one, currency), amount(other, currency))).toEqual(
        amount(value, currency),
      )
    },
  )

  it('compares an amount without a currency with one in any, and two currencies never', () => {
    expect(subtract(amount('3', 'USD'), amount('1'))).toEqual(amount('2', 'USD'))
    expect(subtract(amount('3'), amount('1', 'USD'))).toEqual(amount('2', 'USD'))
    expect(subtract(amount('3', 'EUR'), amount('1', 'USD'))).toBeUndefined()
    expect(subtract(amount('3'), { ...amount('1'), unit: 'minor' })).toBeUndefined()
  })

  it('has no sign where there is no money', () => {
    const signs = ['0', '0.00', '-0.01', '0.01'].map((value) => signOf(amount(value)))
    expect(signs).toEqual([0, 0, -1, 1])
  })
})
