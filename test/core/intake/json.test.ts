import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonical, isObject, numberText, parseJson } from '../../../src/core/intake/json.ts'

/** A JSON value after it was written and parsed: without -0. */
const json = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value)))

describe('parseJson', () => {
  it.each([
    '1.0',
    '1.50',
    '1e2',
    '1E+2',
    '-0',
    '-0.0',
    '12345678901234567890',
    '0.1000000000000000055511151231257827',
    '1e400',
    '1e-400',
  ])('keeps the spelling of %s', (text) => {
    expect(JSON.stringify(parseJson(`{"n":[${text}]}`))).toBe(`{"n":[${text}]}`)
    expect(numberText(parseJson(text))).toBe(text)
  })

  it('keeps every spelling of a number, at any position', () => {
    const digits = fc.stringMatching(/^(0|[1-9][0-9]{0,18})$/)
    const fraction = fc.stringMatching(/^(\.[0-9]{1,18})?$/)
    const exponent = fc.stringMatching(/^([eE][+-]?[0-9]{1,3})?$/)
    const blank = fc.stringMatching(/^[ \t\r\n]{0,2}$/)
    const sign = fc.constantFrom('', '-')
    fc.assert(
      fc.property(sign, digits, fraction, exponent, blank, (minus, whole, part, power, gap) => {
        const number = minus + whole + part + power
        expect(numberText(parseJson(gap + number + gap))).toBe(number)
        expect(
          JSON.stringify(parseJson(`{"a":[7,${gap}${number}${gap}],"b":${gap}${number}}`)),
        ).toBe(`{"a":[7,${number}],"b":${number}}`)
      }),
      { numRuns: 1000 },
    )
  })

  it.each([
    ['0', 0],
    ['-7', -7],
    ['1.5', 1.5],
    ['9007199254740991', 9007199254740991],
  ])('returns %s as a plain number', (text, number) => {
    expect(parseJson(text)).toBe(number)
    expect(numberText(number)).toBe(text)
  })

  it('uses the last of equal keys, in its own spelling', () => {
    expect(JSON.stringify(parseJson('{"a":1.0,"a":{"b":2.0},"a":3.50}'))).toBe('{"a":3.50}')
    expect(JSON.stringify(parseJson('{"a":{"b":1.0},"a":"x"}'))).toBe('{"a":"x"}')
  })

  it('treats __proto__ as an ordinary key and pollutes no prototype', () => {
    const value = parseJson(
      '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":1.0}}}',
    )

    expect(Object.keys(value as object)).toEqual(['__proto__', 'constructor'])
    expect((value as { admin?: boolean }).admin).toBeUndefined()
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
  })

  it.each(['', '{', '{a:1}', "{'a':1}", '[1,]', '01', 'NaN', '\u00a0{}', '\ufeff{}'])(
    'refuses %j',
    (text) => {
      expect(() => parseJson(text)).toThrow(SyntaxError)
    },
  )

  it('reads what JSON.stringify writes', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(parseJson(JSON.stringify(value))).toEqual(value)
      }),
    )
  })
})

describe('isObject and numberText', () => {
  it.each([
    [{}, true],
    [[], false],
    [null, false],
    ['{}', false],
    [1, false],
    [parseJson('1.0'), false],
  ])('isObject of %j is %s', (value, is) => {
    expect(isObject(value)).toBe(is)
  })

  it.each(['1', null, true, {}, [1], undefined])('numberText of %j is undefined', (value) => {
    expect(numberText(value)).toBeUndefined()
  })
})

describe('canonical', () => {
  it.each([
    ['{"b":1,"a":[true,null,"x"]}', '{"a":[true,null,"x"],"b":1}'],
    ['{"Z":1,"a":2,"É":3}', '{"Z":1,"a":2,"É":3}'],
    ['"\\u0041\\/\\n"', '"A/\\n"'],
    ['1.0', '1'],
    ['100', '1e2'],
    ['-1.50', '-15e-1'],
    ['0.0e7', '0'],
    ['-0', '0'],
    ['12345678901234567890', '1234567890123456789e1'],
    ['1e99999999999999999999', '1e99999999999999999999'],
  ])('writes %s as %s', (text, written) => {
    expect(canonical(parseJson(text))).toBe(written)
  })

  it.each([
    ['1', '1.0', '1e0', '10e-1', '0.1E+1'],
    ['0', '-0', '0.00', '0e5'],
    ['1500', '1.5e3', '15e2', '1500.0'],
  ])('writes %s and its other spellings in one way', (...spellings) => {
    expect(new Set(spellings.map((text) => canonical(parseJson(text)))).size).toBe(1)
  })

  it('distinguishes numbers that are equal as doubles', () => {
    const a = canonical(parseJson('9007199254740992'))
    const b = canonical(parseJson('9007199254740993'))

    expect(a).not.toBe(b)
  })

  it('can be parsed to the same value', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(JSON.parse(canonical(value))).toEqual(value)
      }),
    )
  })

  it('ignores the order of keys and white space', () => {
    fc.assert(
      fc.property(json, fc.constantFrom('', ' ', '\t', '\n  '), (value, space) => {
        const text = JSON.stringify(reversed(value), null, space)
        expect(canonical(parseJson(text))).toBe(canonical(value))
      }),
    )
  })

  it('distinguishes different values', () => {
    const one = fc.constantFrom<unknown>(0, 1, '', '0', '1', null, false, true, [], {}, [0], ['0'])
    const tree = fc.oneof(
      one,
      fc.array(one, { maxLength: 2 }),
      fc.dictionary(fc.constantFrom('a', 'b'), one),
    )
    fc.assert(
      fc.property(tree, tree, (a, b) => {
        const equal = JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
        expect(canonical(a) === canonical(b)).toBe(equal)
      }),
    )
  })

  it('takes less than half a second for a number of 40,000 digits', async () => {
    const number = parseJson(`1${'0'.repeat(40_000)}1`)
    const started = await clock()

    canonical(number)

    expect((await clock()) - started).toBeLessThan(500)
  })
})

/** The time in milliseconds: a Worker's clock advances only with I/O. */
async function clock(): Promise<number> {
  await env.DB.prepare('SELECT 1').run()
  return Date.now()
}

/** The same value with the keys of all objects in the opposite order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, reversed(item)]),
  )
}

/** A shallow tree with its keys in order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .reduce<Record<string, unknown>>((object, [key, item]) => {
      object[key] = item
      return object
    }, {})
}
