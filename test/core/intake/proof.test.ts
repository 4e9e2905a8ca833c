// The order of proving; what each vendor's signature accepts is in test/vendors/contract.test.ts.
import { describe, expect, it } from 'vitest'
import { type Credentials, prove, type SignatureScheme } from '../../../src/core/intake/proof.ts'
import type { Arrival } from '../../../src/core/intake/request.ts'
import { err, ok } from '../../../src/core/result.ts'

const NOW = 1_795_219_200_000

function anArrival(query: Record<string, string>, headers: Record<string, string> = {}) {
  const read: string[] = []
  const arrival: Arrival = {
    headers: new Headers(headers),
    query: new URLSearchParams(query),
    body: async () => {
      read.push('body')
      return ok(new TextEncoder().encode('{}'))
    },
  }
  return { arrival, read }
}

function credentials(overrides: Partial<Credentials> = {}): Credentials {
  return {
    secrets: ['one', 'two'],
    header: undefined,
    signingSecrets: [],
    toleranceSeconds: 300,
    ...overrides,
  }
}

describe('prove', () => {
  it.each([
    ['no key', {}, {}, undefined, 'key_missing'],
    ['an empty key', { key: '' }, {}, undefined, 'key_missing'],
    ['another key', { key: 'three' }, {}, undefined, 'key_wrong'],
    ['the key in a header', {}, { key: 'one' }, undefined, 'key_missing'],
    ['no header', { key: 'one' }, {}, 'x-key', 'header_missing'],
    ['another header', { key: 'one' }, { 'x-key': 'One' }, 'x-key', 'header_wrong'],
  ])('refuses %s before it reads the body', async (_, query, headers, header, cause) => {
    const { arrival, read } = anArrival(query as never, headers as never)

    const result = await prove(arrival, credentials({ header }), undefined, NOW)

    expect(result).toEqual({ ok: false, error: { kind: 'not_proven', cause } })
    expect(read).toEqual([])
  })

  it.each([
    ['the first secret', { key: 'one' }, {}, undefined],
    ['the second secret', { key: 'two' }, {}, undefined],
    ['a header', {}, { 'X-Key': 'two' }, 'x-key'],
  ])('accepts by %s', async (_, query, headers, header) => {
    const { arrival } = anArrival({ ...query, event: 'checkIn' } as never, headers as never)

    const result = await prove(arrival, credentials({ header }), undefined, NOW)

    expect(result).toMatchObject({ ok: true, value: { eventName: 'checkIn' } })
  })

  it('needs the signature too where one is configured', async () => {
    const seen: unknown[] = []
    const scheme: SignatureScheme = {
      header: 'x-signed',
      precheck: (value, options) => {
        seen.push(value, options)
        return undefined
      },
      check: async (value, bytes, secrets) => {
        seen.push(value, [...bytes], secrets)
        return 'signature_wrong'
      },
      sign: async () => '',
    }
    const { arrival } = anArrival({ key: 'one' }, { 'X-Signed': 'v' })

    const result = await prove(arrival, credentials({ signingSecrets: ['s'] }), scheme, NOW)

    expect(result).toEqual({ ok: false, error: { kind: 'not_proven', cause: 'signature_wrong' } })
    expect(seen).toEqual(['v', { toleranceSeconds: 300, now: NOW }, 'v', [0x7b, 0x7d], ['s']])
  })

  it.each([
    ['absent', {}, 'signature_missing'],
    ['malformed', { 'X-Signed': 'bad' }, 'signature_malformed'],
  ])('does not read a body whose signature is %s', async (_, headers, cause) => {
    const { arrival } = anArrival({ key: 'one' }, headers as never)
    const body = () => Promise.reject(new Error('the body was read'))
    const scheme: SignatureScheme = {
      header: 'x-signed',
      precheck: () => 'signature_malformed',
      check: async () => undefined,
      sign: async () => '',
    }

    const result = await prove(
      { ...arrival, body },
      credentials({ signingSecrets: ['s'] }),
      scheme,
      NOW,
    )

    expect(result).toEqual({ ok: false, error: { kind: 'not_proven', cause } })
  })

  it('accepts nobody when nothing is configured', async () => {
    const { arrival } = anArrival({ key: '' })

    const result = await prove(arrival, credentials({ secrets: [] }), undefined, NOW)

    expect(result).toEqual({ ok: false, error: { kind: 'not_proven', cause: 'signature_missing' } })
  })

  it('passes on why the body could not be read', async () => {
    const { arrival } = anArrival({ key: 'one' })
    const body = async () => err({ kind: 'too_large', maxBodyBytes: 1 } as const)

    const result = await prove({ ...arrival, body }, credentials(), undefined, NOW)

    expect(result).toEqual({ ok: false, error: { kind: 'too_large', maxBodyBytes: 1 } })
  })
})
