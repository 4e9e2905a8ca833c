import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { prove } from '../../../src/core/intake/proof.ts'
import {
  type Arrival,
  hopsOf,
  keepBytes,
  type RawBody,
  textOf,
} from '../../../src/core/intake/request.ts'
import { ok } from '../../../src/core/result.ts'

const sources = import.meta.glob<string>('../../../src/**/*.{ts,tsx}', {
  query: '?raw',
  import: 'default',
  eager: true,
})

function bytesOf({ text, encoding }: RawBody): Uint8Array {
  if (encoding === 'utf8') return new TextEncoder().encode(text)
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0))
}

describe('keepBytes', () => {
  it.each([
    ['{"a":"é😀"}', [...new TextEncoder().encode('{"a":"é😀"}')], 'utf8'],
    ['\ufeff{}', [0xef, 0xbb, 0xbf, 0x7b, 0x7d], 'utf8'],
    ['a\u0000\r\n', [97, 0, 13, 10], 'utf8'],
    ['', [], 'utf8'],
    ['/w==', [0xff], 'base64'],
    ['7aCA', [0xed, 0xa0, 0x80], 'base64'],
    ['wIA=', [0xc0, 0x80], 'base64'],
  ])('keeps %j', (text, bytes, encoding) => {
    expect(keepBytes(Uint8Array.from(bytes))).toEqual({ text, encoding })
  })

  it('gives any bytes back exactly', () => {
    const text = fc.string({ unit: 'binary' }).map((one) => new TextEncoder().encode(one))
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), text), (bytes) => {
        expect([...bytesOf(keepBytes(bytes))]).toEqual([...bytes])
      }),
    )
  })

  it('does not take what was cut off for the beginning of the next body', () => {
    expect(keepBytes(Uint8Array.of(0xc3)).encoding).toBe('base64')
    expect(keepBytes(Uint8Array.of(0xa9)).encoding).toBe('base64')
    expect(keepBytes(Uint8Array.of(0x61))).toEqual({ text: 'a', encoding: 'utf8' })
  })

  it('keeps a body of a million bytes that are no text', () => {
    const bytes = new Uint8Array(1_000_000).fill(0xfe)

    const kept = keepBytes(bytes)

    expect(kept.encoding).toBe('base64')
    expect(bytesOf(kept).every((byte) => byte === 0xfe)).toBe(true)
    expect(kept.text).toHaveLength(1_333_336)
  })
})

describe('textOf', () => {
  it.each([
    ['{"a":"é"}', [...new TextEncoder().encode('{"a":"é"}')]],
    ['{}', [0xef, 0xbb, 0xbf, 0x7b, 0x7d]],
    ['\ufffd{}', [0xff, 0x7b, 0x7d]],
  ])('reads %j', async (text, bytes) => {
    const arrival: Arrival = {
      headers: new Headers(),
      query: new URLSearchParams({ key: 's' }),
      body: async () => ok(Uint8Array.from(bytes)),
    }
    const credentials = {
      secrets: ['s'],
      header: undefined,
      signingSecrets: [],
      toleranceSeconds: 1,
    }
    const proven = await prove(arrival, credentials, undefined, 0)

    expect(proven.ok && textOf(proven.value)).toBe(text)
  })

  it('takes nothing but what was proven, or does not compile', () => {
    const plain = { headers: new Headers(), eventName: undefined, bytes: new Uint8Array() }
    const arrival: Arrival = {
      headers: new Headers(),
      query: new URLSearchParams(),
      body: async () => ok(new Uint8Array()),
    }

    // @ts-expect-error: an object of the same members was not proven
    expect(textOf(plain)).toBe('')
    // @ts-expect-error: an arrival was not proven
    expect(() => textOf(arrival)).not.toBe('')
    // @ts-expect-error: bytes were not proven
    expect(() => textOf(new Uint8Array())).not.toBe('')
  })

  it('is only ever given what proof.ts made: no other file makes a VerifiedRequest', () => {
    const makers = Object.entries(sources)
      .filter(([, text]) =>
        /(\bas|satisfies|<)\s+VerifiedRequest\b|<VerifiedRequest>\s*[{(]/.test(text),
      )
      .map(([path]) => path)
    const casts = Object.entries(sources)
      .filter(([, text]) => /\btextOf\([^)]*\bas\b/.test(text))
      .map(([path]) => path)

    expect(Object.keys(sources).length).toBeGreaterThan(20)
    expect(makers).toEqual(['../../../src/core/intake/proof.ts'])
    expect(casts).toEqual([])
  })
})

describe('hopsOf', () => {
  it.each([
    ['0', 0],
    ['1', 1],
    ['999', 999],
    ['', 0],
    ['-1', 0],
    ['1.5', 0],
    ['x', 0],
    ['1e2', 0],
  ])('reads %j as %d', (hops, count) => {
    expect(hopsOf(new Headers({ 'relay-hops': hops }))).toBe(count)
  })

  it('is 0 without the header', () => {
    expect(hopsOf(new Headers())).toBe(0)
  })
})
