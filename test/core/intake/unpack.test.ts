import { describe, expect, it } from 'vitest'
import { authenticate } from '../../../src/core/intake/authenticate.ts'
import { messagesIn } from '../../../src/core/intake/request.ts'
import { unpacked } from '../../../src/core/intake/unpack.ts'

// `printf '{"a":"\xc3\xa9"}' | gzip -n | xxd -p`, by GNU gzip.
const GZIPPED = Uint8Array.from(
  '1f8b0800000000000003ab564a54b2523abc52a91600a500f0200a000000'.match(/../g) ?? [],
  (byte) => Number.parseInt(byte, 16),
)

const CREDENTIALS = {
  secrets: ['s'],
  header: undefined,
  signingSecrets: [],
  toleranceSeconds: 1,
}

/** The request with these bytes, authenticated and unpacked. */
async function unpackedOf(bytes: Uint8Array, encoding: string, maxBodyBytes = 1000) {
  const headers = { 'content-encoding': encoding, 'content-type': 'application/json' }
  const body = bytes as Uint8Array<ArrayBuffer>
  const request = new Request('https://relay.example/in/gym?key=s', {
    method: 'POST',
    headers,
    body,
  })
  const query = new URLSearchParams({ key: 's' })
  const verified = await authenticate(
    request,
    query,
    { credentials: CREDENTIALS, scheme: undefined },
    { now: 0, maxBodyBytes: 1_000_000 },
  )
  if (!verified.ok) throw new Error(verified.error.kind)
  return unpacked(verified.value, maxBodyBytes)
}

async function gzip(text: string): Promise<Uint8Array> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

async function messageOf(bytes: Uint8Array, encoding: string) {
  const request = await unpackedOf(bytes, encoding)
  const read = request.ok ? messagesIn(request.value) : undefined
  return read?.ok ? read.value.messages[0] : undefined
}

describe('a body with content-encoding gzip', () => {
  it.each(['gzip', 'GZIP', ' x-gzip '])(
    'as %j is unpacked, and reads like any other',
    async (encoding) => {
      const message = await messageOf(GZIPPED, encoding)

      expect(message).toMatchObject({
        body: { a: 'é' },
        raw: { text: '{"a":"é"}', encoding: 'utf8' },
      })
      expect(message?.headers.get('content-encoding')).toBeNull()
      expect(message?.headers.get('content-type')).toBe('application/json')
    },
  )

  it('that is not compressed is read as it is', async () => {
    expect(await messageOf(new TextEncoder().encode('{"a":1}'), 'gzip')).toMatchObject({
      body: { a: 1 },
    })
  })

  it('counts as large as it is unpacked, and is unpacked no further than the limit', async () => {
    const bomb = await gzip('x'.repeat(50_000_000))

    expect(bomb.length).toBeLessThan(100_000)
    expect(await unpackedOf(bomb, 'gzip')).toEqual({
      ok: false,
      error: { kind: 'too_large', maxBodyBytes: 1000 },
    })
    expect((await unpackedOf(await gzip('x'.repeat(1000)), 'gzip')).ok).toBe(true)
  })

  it.each([
    ['cut short', 'gzip', (bytes: Uint8Array) => bytes.slice(0, -9)],
    [
      'damaged',
      'gzip',
      (bytes: Uint8Array) => bytes.map((byte, i) => (i === 14 ? byte ^ 0x10 : byte)),
    ],
    ['followed by something', 'gzip', (bytes: Uint8Array) => Uint8Array.from([...bytes, 1, 2])],
    ['named br', 'br', (bytes: Uint8Array) => bytes],
  ])('%s is kept as bytes', async (_, encoding, change) => {
    const bytes = change(GZIPPED)
    const message = await messageOf(bytes, encoding)

    expect(message?.unreadable).toBe(
      'has a content-encoding that cannot be undone; stored as bytes',
    )
    expect(message?.raw).toEqual({ text: btoa(String.fromCharCode(...bytes)), encoding: 'base64' })
  })
})
