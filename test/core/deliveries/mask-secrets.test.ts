// A receiver that echoes its request puts no secret into what is stored of its answer.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { maskSecrets } from '../../../src/core/deliveries/mask-secrets.ts'

const TOKEN = 's3cr3t/"tok&en"='
const SIGNING = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const aTarget = (header = `Bearer ${TOKEN}`) => ({
  url: 'https://crm.example/hooks/T000/B111?code=qu3ry-secret',
  secrets: [SIGNING],
  headers: [
    ['authorization', header],
    ['x-team', 'desk'],
  ] as const,
})
const target = aTarget()

const htmlOf = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('=', '&#x3D;')
const ENCODINGS: Record<string, (text: string) => string> = {
  plain: (text) => text,
  JSON: (text) => JSON.stringify(text).slice(1, -1),
  'JSON of PHP': (text) => JSON.stringify(text).slice(1, -1).replaceAll('/', '\\/'),
  'JSON of Go': (text) => JSON.stringify(text).slice(1, -1).replaceAll('&', '\\u0026'),
  URL: encodeURIComponent,
  'URL in lower case': (text) =>
    encodeURIComponent(text).replaceAll(/%../g, (hex) => hex.toLowerCase()),
  form: (text) => new URLSearchParams({ a: text }).toString().slice(2),
  HTML: htmlOf,
  base64: (text) => btoa(`authorization: ${text}`),
  'base64 at the second place': (text) => btoa(`authorization:${text}; path=/`),
  'base64 at the third place': (text) => btoa(`authorizatio:${text}\r\n`),
}
/** What is left of a secret that can be read by somebody who decodes the text. */
function decodings(text: string): string {
  const base64 = [...text.matchAll(/[A-Za-z0-9+/]{8,}=*/g)].flatMap(([part]) =>
    [0, 1, 2, 3].map((from) => {
      const whole = part.replace(/=+$/, '').slice(from)
      return atob(whole.slice(0, whole.length - (whole.length % 4)))
    }),
  )
  return [text, ...base64].join('\n')
}

describe('the answer of a receiver that echoes its request', () => {
  it.each(Object.entries(ENCODINGS))('has no header of the target as %s', (_name, encode) => {
    const masked = maskSecrets(`you sent <${encode(`Bearer ${TOKEN}`)}> to us`, target)

    expect(decodings(masked)).not.toMatch(/s3cr3t|tok.{0,8}en/)
    expect(masked).toContain('••••')
  })

  it.each(Object.entries(ENCODINGS))(
    'has no credential without its scheme as %s',
    (_name, encode) => {
      expect(decodings(maskSecrets(encode(TOKEN), target))).not.toMatch(/s3cr3t/)
    },
  )

  it.each([
    ['the signing secret', SIGNING],
    ['the key in it', SIGNING.slice(6)],
    ['a signature', `v1,${'A'.repeat(43)}=`],
    ['the path', '/hooks/T000/B111'],
    ['the path and query', '/hooks/T000/B111?code=qu3ry-secret'],
    ['a value of the query', 'qu3ry-secret'],
  ])('has not %s', (_what, secret) => {
    expect(maskSecrets(`error at ${secret}!`, target)).toBe('error at ••••!')
  })

  it('has not the user and password of Basic authentication, in any form', () => {
    const basic = aTarget(`Basic ${btoa('relay:pa55word')}`)

    for (const echoed of [`Basic ${btoa('relay:pa55word')}`, 'relay:pa55word', 'pa55word']) {
      expect(maskSecrets(`<${echoed}>`, basic)).toBe('<••••>')
    }
  })

  it('has no beginning of a secret either, where the answer was cut off', () => {
    const long = 'Bearer 0123456789abcdefghijklmnopqrstuvwxyz'
    for (let length = 'Bearer 012345'.length; length <= long.length; length++) {
      expect(maskSecrets(`you sent ${long.slice(0, length)}`, aTarget(long))).toBe('you sent ••••')
    }
  })

  it('keeps all other text', () => {
    const text = '{"error": "the desk is closed", "path": "/", "code": 422, "v1": "v1,abc"}'

    expect(maskSecrets(text, target)).toBe(text)
    expect(maskSecrets('', target)).toBe('')
  })

  it('has no secret, whatever it consists of and whatever is around it', () => {
    const secret = fc.string({ unit: 'grapheme-ascii', minLength: 12, maxLength: 60 })
    const encoding = fc.constantFrom(...Object.values(ENCODINGS).slice(0, 8))
    fc.assert(
      fc.property(secret, encoding, fc.string(), (value, encode, around) => {
        const masked = maskSecrets(`${around}${encode(value)}${around}`, aTarget(value))
        // What is around it may be the same text by chance.
        const isAround = around.includes(encode(value))
        expect(isAround || !masked.includes(encode(value))).toBe(true)
      }),
    )
  })
})
