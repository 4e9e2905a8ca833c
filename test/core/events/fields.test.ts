import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  asBoolean,
  asId,
  asIs,
  asText,
  fold,
  hasValue,
  namingEmpty,
  nonEmpty,
  omitUndefined,
  readFields,
  type Warning,
} from '../../../src/core/events/fields.ts'
import { parseJson } from '../../../src/core/intake/json.ts'

describe('fold', () => {
  it.each([
    ['client ID', 'clientid'],
    ['clientId', 'clientid'],
    ['client_id', 'clientid'],
    ['CLIENT-ID', 'clientid'],
    ['SessionInstructor', 'sessioninstructor'],
    ['línea 2', 'línea2'],
    ['$@!', ''],
  ])('writes %j as %j', (key, folded) => {
    expect(fold(key)).toBe(folded)
  })

  it('is idempotent', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (key) => fold(fold(key)) === fold(key)))
  })

  it('ignores case, spaces, underscores and hyphens', () => {
    const word = fc.stringMatching(/^[a-z0-9]{1,8}$/)
    const words = fc.array(word, { minLength: 1, maxLength: 5 })
    const separator = fc.constantFrom('', ' ', '_', '-', '__', '. ')
    const upper = fc.func<[number, string], boolean>(fc.boolean())
    fc.assert(
      fc.property(words, separator, upper, (parts, between, isUpper) => {
        const spelled = [...parts.join(between)]
          .map((c, i) => (isUpper(i, c) ? c.toUpperCase() : c))
          .join('')
        expect(fold(spelled)).toBe(parts.join(''))
      }),
    )
  })
})

describe('hasValue', () => {
  it.each([null, undefined, '', '  ', 'N/A', ' n/a '])('is false for %j', (value) => {
    expect(hasValue(value)).toBe(false)
  })

  it.each([0, false, 'x', [], {}, 'NA', 'none', Number.NaN])('is true for %j', (value) => {
    expect(hasValue(value)).toBe(true)
  })
})

describe('readFields', () => {
  it('reads a key in any spelling, once', () => {
    const fields = readFields({ 'first Name': ' Ana ', last_name: 'Silva' }, [])

    expect(fields.read('firstName', asText)).toBe('Ana')
    expect(fields.read('firstName', asText)).toBeUndefined()
    expect(fields.rest()).toEqual({ last_name: 'Silva' })
  })

  it('prefers the documented spelling, and keeps the other with a warning', () => {
    const warnings: Warning[] = []
    const fields = readFields({ client_id: 'a', clientID: 'b' }, warnings)

    expect(fields.read('clientID', asText)).toBe('b')
    expect(fields.rest()).toEqual({ client_id: 'a' })
    expect(warnings).toEqual([
      { path: 'client_id', message: 'differs from clientID, which is used; kept under data.extra' },
    ])
  })

  it('prefers a spelling with a value over the documented one without', () => {
    const warnings: Warning[] = []
    const fields = readFields({ clientID: ' ', client_id: 'a' }, warnings)

    expect(fields.read('clientID', asText)).toBe('a')
    expect(fields.rest()).toEqual({})
    expect(warnings).toEqual([])
  })

  it('drops another spelling of a key with the same value, however the number is written', () => {
    const warnings: Warning[] = []
    const fields = readFields(
      parseJson('{"amount":1.50,"Amount":1.5}') as object as never,
      warnings,
    )

    expect(fields.read('amount', asText)).toBe('1.50')
    expect(fields.rest()).toEqual({})
    expect(warnings).toEqual([])
  })

  it('reads the first alias in the given order', () => {
    const fields = readFields({ dob: '2', birthDate: '1' }, [])

    expect(fields.read(['birthDate', 'dob'], asText)).toBe('1')
    expect(fields.rest()).toEqual({ dob: '2' })
  })

  it('leaves an unreadable value in the rest, with a warning that names the key but never the value', () => {
    const warnings: Warning[] = []
    const fields = readFields({ 'client id': { secret: 'x' } }, warnings)

    expect(fields.read('clientID', asId)).toBeUndefined()
    expect(fields.rest()).toEqual({ 'client id': { secret: 'x' } })
    expect(warnings).toEqual([
      {
        path: 'client id',
        message:
          'expected an id of at most 500 characters, got an object. The value is left out and kept under data.extra.',
      },
    ])
  })

  it.each([
    [[], 'a list'],
    [{}, 'an object'],
    [7, 'a number'],
    [true, 'a boolean'],
    ['text', 'text'],
  ])('names the kind of %j in the warning', (value, kind) => {
    const warnings: Warning[] = []
    const fields = readFields({ a: value }, warnings, 'data.acquisition.extra')

    fields.read('a', () => undefined)

    expect(warnings).toEqual([
      {
        path: 'a',
        message: `unexpected ${kind}. The value is left out and kept under data.acquisition.extra.`,
      },
    ])
  })

  it('distinguishes null from absent in readNullable only', () => {
    const fields = readFields({ tier: null, membership: 'N/A', plan: null }, [])

    expect(fields.readNullable('tier', asText)).toBeNull()
    expect(fields.readNullable('membership', asText)).toBeNull()
    expect(fields.readNullable('absent', asText)).toBeUndefined()
    expect(fields.read('plan', asText)).toBeUndefined()
    expect(fields.rest()).toEqual({})
  })

  it('can be inspected without reading', () => {
    const fields = readFields({ 'Client Id': 7, empty: '' }, [])

    expect(fields.has('clientid')).toBe(true)
    expect(fields.has('empty')).toBe(true)
    expect(fields.has('absent')).toBe(false)
    expect(fields.peek('clientID')).toBe(7)
    expect(fields.peek('empty')).toBeUndefined()
    expect(fields.spelling('clientID')).toBe('Client Id')
    expect(fields.spelling(['absentOne', 'other'])).toBe('absentOne')
    expect(fields.names()).toEqual(['clientid', 'empty'])
    expect(fields.rest()).toEqual({ 'Client Id': 7, empty: '' })
  })

  it('keeps a key called __proto__ as a key', () => {
    const fields = readFields(parseJson('{"__proto__":{"admin":true}}') as never, [])

    const rest = fields.rest()

    expect(Object.keys(rest)).toEqual(['__proto__'])
    expect((rest as { admin?: boolean }).admin).toBeUndefined()
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
  })

  it('loses no key: each is read or in the rest', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), (object, name) => {
        const fields = readFields(object, [])
        const value = fields.readNullable(name, asIs)
        const gone = Object.keys(object).filter((key) => !Object.hasOwn(fields.rest(), key))
        expect(gone.every((key) => fold(key) === fold(name))).toBe(true)
        expect(gone.length > 0).toBe(value !== undefined)
      }),
    )
  })
})

describe('readers', () => {
  const long = parseJson('12345678901234567890')

  it.each([
    [asText, ' a ', 'a'],
    [asText, 7, '7'],
    [asText, parseJson('1.50'), '1.50'],
    [asText, true, undefined],
    [asText, ['a'], undefined],
    [asId, ' 007 ', '007'],
    [asId, 7, '7'],
    [asId, -7, '-7'],
    [asId, long, '12345678901234567890'],
    [asId, 1.5, undefined],
    [asId, parseJson('1e3'), undefined],
    [asId, true, undefined],
    [asBoolean, false, false],
    [asBoolean, 'false', undefined],
    [asBoolean, 0, undefined],
  ])('%o reads %j as %j', (reader, value, expected) => {
    expect(reader(value)).toBe(expected)
  })

  it('leave out undefined members, and only these', () => {
    expect(omitUndefined({ a: undefined, b: null, c: 0, d: '' })).toStrictEqual({
      b: null,
      c: 0,
      d: '',
    })
    expect(nonEmpty({ a: undefined })).toBeUndefined()
    expect(nonEmpty({ a: undefined, b: null })).toStrictEqual({ b: null })
  })

  it('name the members that are null apart from those that are undefined', () => {
    expect(namingEmpty({ a: undefined, b: null, c: 0, d: '', e: null })).toStrictEqual({
      c: 0,
      d: '',
      empty: ['b', 'e'],
    })
    expect(namingEmpty({ a: undefined, c: 0 })).toStrictEqual({ c: 0 })
  })
})
