// The order of the checks. The signatures of each vendor are tested in test/vendors/contract.test.ts.
import { describe, expect, it } from 'vitest'
import {
  authenticate,
  type Credentials,
  type SignatureScheme,
} from '../../../src/core/intake/authenticate.ts'

const NOW = 1_795_219_200_000

function aRequest(query: Record<string, string>, headers: Record<string, string> = {}) {
  const url = `https://relay.example/in/hype?${new URLSearchParams(query)}`
  return new Request(url, { method: 'POST', headers, body: new TextEncoder().encode('{}') })
}

/** Authenticates a request; by default its body may have 100 bytes. */
function authenticated(
  request: Request,
  credentials: Credentials,
  scheme?: SignatureScheme,
  maxBodyBytes = 100,
) {
  const query = new URL(request.url).searchParams
  return authenticate(request, query, { credentials, scheme }, { now: NOW, maxBodyBytes })
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

describe('authenticate', () => {
  it.each([
    ['no key', {}, {}, undefined, 'key_missing'],
    ['an empty key', { key: '' }, {}, undefined, 'key_missing'],
    ['another key', { key: 'three' }, {}, undefined, 'key_wrong'],
    ['the key in a header', {}, { key: 'one' }, undefined, 'key_missing'],
    ['no header', { key: 'one' }, {}, 'x-key', 'header_missing'],
    ['another header', { key: 'one' }, { 'x-key': 'One' }, 'x-key', 'header_wrong'],
  ])('refuses %s before it reads the body', async (_, query, headers, header, cause) => {
    const request = aRequest(query, headers as never)

    const result = await authenticated(request, credentials({ header }))

    expect(result).toEqual({ ok: false, error: { kind: 'unauthenticated', cause } })
    expect(request.bodyUsed).toBe(false)
  })

  it.each([
    ['the first secret', { key: 'one' }, {}, undefined],
    ['the second secret', { key: 'two' }, {}, undefined],
    ['the secret in a header', {}, { 'X-Key': 'two' }, 'x-key'],
  ])('accepts a request with %s', async (_, query, headers, header) => {
    const request = aRequest({ ...query, event: 'checkIn' } as never, headers as never)

    const result = await authenticated(request, credentials({ header }))

    expect(result).toMatchObject({ ok: true, value: { eventName: 'checkIn' } })
  })

  it('requires the signature too if one is configured', async () => {
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
    const request = aRequest({ key: 'one' }, { 'X-Signed': 'v' })

    const result = await authenticated(request, credentials({ signingSecrets: ['s'] }), scheme)

    expect(result).toEqual({
      ok: false,
      error: { kind: 'unauthenticated', cause: 'signature_wrong' },
    })
    expect(seen).toEqual(['v', { toleranceSeconds: 300, now: NOW }, 'v', [0x7b, 0x7d], ['s']])
  })

  it.each([
    ['absent', {}, 'signature_missing'],
    ['malformed', { 'X-Signed': 'bad' }, 'signature_malformed'],
  ])('does not read a body whose signature is %s', async (_, headers, cause) => {
    const request = aRequest({ key: 'one' }, headers as never)
    const scheme: SignatureScheme = {
      header: 'x-signed',
      precheck: () => 'signature_malformed',
      check: async () => undefined,
      sign: async () => '',
    }

    const result = await authenticated(request, credentials({ signingSecrets: ['s'] }), scheme)

    expect(result).toEqual({ ok: false, error: { kind: 'unauthenticated', cause } })
    expect(request.bodyUsed).toBe(false)
  })

  it('refuses every request if no secret is configured', async () => {
    const request = aRequest({ key: '' })

    const result = await authenticated(request, credentials({ secrets: [] }))

    expect(result).toEqual({
      ok: false,
      error: { kind: 'unauthenticated', cause: 'signature_missing' },
    })
  })

  it('returns the reason why the body could not be read', async () => {
    const request = aRequest({ key: 'one' })

    const result = await authenticated(request, credentials(), undefined, 1)

    expect(result).toEqual({ ok: false, error: { kind: 'too_large', maxBodyBytes: 1 } })
  })
})
