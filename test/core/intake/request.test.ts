import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { authenticate } from '../../../src/core/intake/authenticate.ts'
import {
  hopsOf,
  keepBytes,
  MAX_MESSAGES,
  messagesIn,
  type RawBody,
  storedMessage,
} from '../../../src/core/intake/request.ts'

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
    ['YQANCg==', [97, 0, 13, 10], 'base64'],
    ['', [], 'utf8'],
    ['/w==', [0xff], 'base64'],
    ['7aCA', [0xed, 0xa0, 0x80], 'base64'],
    ['wIA=', [0xc0, 0x80], 'base64'],
  ])('keeps %j', (text, bytes, encoding) => {
    expect(keepBytes(Uint8Array.from(bytes))).toEqual({ text, encoding })
  })

  it('keeps any bytes without loss', () => {
    const text = fc.string({ unit: 'binary' }).map((one) => new TextEncoder().encode(one))
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), text), (bytes) => {
        expect([...bytesOf(keepBytes(bytes))]).toEqual([...bytes])
      }),
    )
  })

  it('does not carry an incomplete character over to the next body', () => {
    expect(keepBytes(Uint8Array.of(0xc3)).encoding).toBe('base64')
    expect(keepBytes(Uint8Array.of(0xa9)).encoding).toBe('base64')
    expect(keepBytes(Uint8Array.of(0x61))).toEqual({ text: 'a', encoding: 'utf8' })
  })

  it('keeps a body of a million bytes that are not text', () => {
    const bytes = new Uint8Array(1_000_000).fill(0xfe)

    const kept = keepBytes(bytes)

    expect(kept.encoding).toBe('base64')
    expect(bytesOf(kept).every((byte) => byte === 0xfe)).toBe(true)
    expect(kept.text).toHaveLength(1_333_336)
  })
})

/** An authenticated request with a body. */
async function verified(body: Uint8Array | string, headers: Record<string, string> = {}) {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  const request = new Request('https://relay.example/in/hype?key=s&event=checkIn', {
    method: 'POST',
    headers,
    body: bytes,
  })
  const credentials = {
    secrets: ['s'],
    header: undefined,
    signingSecrets: [],
    toleranceSeconds: 1,
  }
  const query = new URL(request.url).searchParams
  const limits = { now: 0, maxBodyBytes: 10_000 }
  const result = await authenticate(request, query, { credentials, scheme: undefined }, limits)
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.value
}

describe('messagesIn', () => {
  it('reads one object, with its exact bytes', async () => {
    const read = messagesIn(await verified('\ufeff {"a":"é"} ', { 'relay-hops': '2' }))

    expect(read).toMatchObject({
      ok: true,
      value: {
        batch: false,
        messages: [
          {
            body: { a: 'é' },
            unreadable: undefined,
            raw: { text: '\ufeff {"a":"é"} ', encoding: 'utf8' },
            eventName: 'checkIn',
            hops: 2,
          },
        ],
      },
    })
  })

  it('reads a list, each of its objects with its own text', async () => {
    const read = messagesIn(await verified('[{"a": 1},\n{"b":2.0}]'))

    const texts = read.ok ? read.value.messages.map(({ raw }) => raw.text) : []
    expect(texts).toEqual(['{"a": 1}', '{"b":2.0}'])
    expect(read).toMatchObject({ value: { batch: true } })
  })

  it('keeps a body that is not UTF-8 as one unreadable message', async () => {
    const read = messagesIn(
      await verified(Uint8Array.from([0x5b, 0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d, 0x5d])),
    )

    expect(read).toMatchObject({
      ok: true,
      value: {
        batch: false,
        messages: [
          { body: {}, unreadable: 'is not UTF-8; stored as bytes', raw: { encoding: 'base64' } },
        ],
      },
    })
  })

  it('keeps a long list that is not UTF-8 as one message: its bytes are not lost', async () => {
    const list = `[${Array(MAX_MESSAGES + 1)
      .fill('{"a":"?"}')
      .join()}]`
    const bytes = new TextEncoder().encode(list).map((byte) => (byte === 0x3f ? 0xe9 : byte))

    const read = messagesIn(await verified(bytes))

    expect(read).toMatchObject({ ok: true, value: { messages: [{ raw: { encoding: 'base64' } }] } })
  })

  it.each([
    ['an empty body', '', {}, { kind: 'empty_body' }],
    ['a loop', '{}', { 'relay-hops': '5' }, { kind: 'looping', maxHops: 5 }],
    [
      'too many messages',
      `[${Array(MAX_MESSAGES + 1)
        .fill('{}')
        .join()}]`,
      {},
      { kind: 'too_many_events', maxEvents: MAX_MESSAGES },
    ],
  ])('refuses %s', async (_case, body, headers, error) => {
    expect(messagesIn(await verified(body, headers as never))).toEqual({ ok: false, error })
  })

  it('accepts only an authenticated request: another argument does not compile', () => {
    const plain = { headers: new Headers(), eventName: undefined, bytes: new Uint8Array() }

    // @ts-expect-error: an object of the same members was not authenticated
    expect(messagesIn(plain).ok).toBe(false)
    // @ts-expect-error: a request was not authenticated
    expect(() => messagesIn(new Request('https://relay.example'))).not.toBe('')
  })

  it('gets the VerifiedRequest of authenticate.ts only: no other file creates one', () => {
    const makers = Object.entries(sources)
      .filter(([, text]) =>
        /(\bas|satisfies|<)\s+VerifiedRequest\b|<VerifiedRequest>\s*[{(]/.test(text),
      )
      .map(([path]) => path)
    const casts = Object.entries(sources)
      .filter(([, text]) => /\bmessagesIn\([^)]*\bas\b/.test(text))
      .map(([path]) => path)

    expect(Object.keys(sources).length).toBeGreaterThan(20)
    expect(makers).toEqual(['../../../src/core/intake/authenticate.ts'])
    expect(casts).toEqual([])
  })
})

describe('storedMessage', () => {
  const context = { headers: new Headers(), eventName: undefined, hops: 0 }

  it('reads a stored message as on its arrival', () => {
    const raw = { text: '\ufeff {"a":1} ', encoding: 'utf8' as const }

    expect(storedMessage(raw, context)).toMatchObject({
      body: { a: 1 },
      raw,
      unreadable: undefined,
    })
    expect(storedMessage({ text: 'no JSON', encoding: 'utf8' }, context)).toMatchObject({
      body: {},
      unreadable: 'is not JSON',
    })
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
