import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fingerprint, identifiedBy, sameContent } from '../../../src/core/intake/dedupe.ts'
import { parseJson } from '../../../src/core/intake/json.ts'

describe('fingerprint', () => {
  // The first 32 digits of sha256sum over the JSON text.
  it.each([
    [['ab', 'c'], '825825018f58e795ae2d3d8df6a87956'],
    [['a', 'bc'], '42a6f3f44be0aaf23c936b1547dd5e41'],
    [[], '4f53cda18c2baa0c0354bb5f9a3ecbe5'],
  ])('of %j is %s', async (parts, key) => {
    expect(await fingerprint(parts)).toBe(key)
  })

  it.each([
    ['the order of keys', '{"a":1,"b":[2]}', '{ "b": [2], "a": 1 }'],
    ['the spelling of numbers', '{"a":1.50}', '{"a":15e-1}'],
    ['the spelling of strings', '{"a":"\\u0041"}', '{"a":"A"}'],
  ])('ignores %s', async (_, a, b) => {
    expect(await fingerprint([parseJson(a)])).toBe(await fingerprint([parseJson(b)]))
  })

  it.each([
    ['1', '"1"'],
    ['null', '"null"'],
    ['0', 'false'],
    ['[]', '{}'],
    ['[[1],2]', '[1,[2]]'],
    ['[1,2]', '[2,1]'],
    ['""', 'null'],
    ['"a "', '"a"'],
    ['12345678901234567890', '12345678901234567891'],
  ])('distinguishes %s from %s', async (a, b) => {
    expect(await fingerprint([parseJson(a)])).not.toBe(await fingerprint([parseJson(b)]))
  })

  it('distinguishes lists of strings wherever they are split', async () => {
    const texts = fc.array(fc.string({ maxLength: 3 }), { maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(texts, texts, async (a, b) => {
        const equal = a.length === b.length && a.every((text, i) => text === b[i])
        expect((await fingerprint(a)) === (await fingerprint(b))).toBe(equal)
      }),
    )
  })
})

describe('identities', () => {
  it('have a stamp only if the message identifies itself', () => {
    expect(identifiedBy('checkIn', 7)).toMatchObject({ key: ['checkIn', 7], stamp: 'id' })
    expect(sameContent('state', 'a')).toMatchObject({ key: ['a'], stamp: undefined })
  })
})
