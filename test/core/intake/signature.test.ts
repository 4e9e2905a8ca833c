import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  bytesOfHex,
  equalSecrets,
  matchesAny,
  verifyHmac,
} from '../../../src/core/intake/signature.ts'

const bytesOf = (text: string) => Uint8Array.from(new TextEncoder().encode(text))
const mac = (hex: string) => bytesOfHex(hex) ?? new Uint8Array()

// RFC 4231, test cases 1 and 2.
const HI_THERE = 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'
const JEFE = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'
const ONES = '\x0b'.repeat(20)

describe('verifyHmac', () => {
  it.each([
    ['Hi There', HI_THERE, ONES],
    ['what do ya want for nothing?', JEFE, 'Jefe'],
  ])('accepts the published MAC of %j', async (text, hex, secret) => {
    expect(await verifyHmac(bytesOf(text), [mac(hex)], [secret])).toBe(true)
    expect(await verifyHmac(bytesOf(text), [mac(hex.toUpperCase())], [secret])).toBe(true)
  })

  it('accepts if any of the secrets matches any of the MACs', async () => {
    expect(await verifyHmac(bytesOf('Hi There'), [mac(JEFE), mac(HI_THERE)], ['x', ONES])).toBe(
      true,
    )
  })

  it.each([
    ['other bytes', 'Hi there', [HI_THERE], [ONES]],
    ['another secret', 'Hi There', [HI_THERE], ['Jefe']],
    ['another MAC', 'Hi There', [JEFE], [ONES]],
    ['a truncated MAC', 'Hi There', [HI_THERE.slice(0, 62)], [ONES]],
    ['a MAC with an extra byte', 'Hi There', [`${HI_THERE}00`], [ONES]],
    ['no MAC', 'Hi There', [], [ONES]],
    ['no secret', 'Hi There', [HI_THERE], []],
  ])('refuses %s', async (_, text, macs, secrets) => {
    expect(await verifyHmac(bytesOf(text), macs.map(mac), secrets)).toBe(false)
  })

  it('refuses a MAC in which any one bit differs', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 255 }), async (bit) => {
        const altered = mac(HI_THERE)
        altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        expect(await verifyHmac(bytesOf('Hi There'), [altered], [ONES])).toBe(false)
      }),
    )
  })
})

describe('equalSecrets', () => {
  it.each([
    ['secret', 'secret', true],
    ['clé-é', 'clé-é', true],
    ['', '', true],
    ['secret', 'Secret', false],
    ['secret', 'secre', false],
    ['secret', 'secrets', false],
    ['secret', ' secret', false],
    ['', 'secret', false],
    ['é', 'e\u0301', false],
  ])('of %j and %j is %s', async (a, b, equal) => {
    expect(await equalSecrets(a, b)).toBe(equal)
  })
})

describe('matchesAny', () => {
  it.each([
    ['b', ['a', 'b'], true],
    ['a', ['a', 'b'], true],
    ['c', ['a', 'b'], false],
    ['', [], false],
    ['a,b', ['a', 'b'], false],
  ])('of %j among %j is %s', async (text, secrets, matches) => {
    expect(await matchesAny(text, secrets)).toBe(matches)
  })

  it('does not mix up lists of secrets, however often it is called', async () => {
    const [gym, studio] = [['a'], ['b']]
    for (let i = 0; i < 2; i++) {
      expect(await matchesAny('a', gym)).toBe(true)
      expect(await matchesAny('a', studio)).toBe(false)
      expect(await matchesAny('b', gym)).toBe(false)
      expect(await matchesAny('b', studio)).toBe(true)
    }
  })
})

describe('bytesOfHex', () => {
  it.each([
    ['00ff10', [0, 255, 16]],
    ['AbCd', [171, 205]],
  ])('reads %s', (hex, bytes) => {
    expect([...(bytesOfHex(hex) ?? [])]).toEqual(bytes)
  })

  it.each(['', 'a', 'abc', '0x10', 'zz', 'ab cd', 'ab\n'])('does not read %j', (text) => {
    expect(bytesOfHex(text)).toBeUndefined()
  })
})
