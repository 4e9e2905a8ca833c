// A text of a large message refers to the message's own text for its long strings, and gets them back to the byte.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { refer, resolve, withoutReferences } from '../../../src/core/intake/references.ts'

const long = (text: string, length = 3000) => text.repeat(Math.ceil(length / text.length))
const html = long('<p class="a">Grüße\n\t😀</p>')

it('replaces a long string that the message has by its place there', () => {
  const raw = `{"message": ${JSON.stringify(html)}, "to": "ana@example.com"}`
  const event = JSON.stringify({
    type: 'message.sent',
    data: { body: html, to: 'ana@example.com' },
  })

  const stored = refer(event, raw)

  const literal = JSON.stringify(html)
  expect(stored).toBe(
    `{"type":"message.sent","data":{"body":'raw 12 ${literal.length}',"to":"ana@example.com"}}`,
  )
  expect(resolve(stored, raw)).toBe(event)
})

it('finds a string in any spelling that JSON allows', () => {
  const spelled = JSON.stringify(html).replaceAll('/', '\\/').replaceAll('ü', '\\u00fc')
  const raw = `{"message":${spelled}}`
  const event = JSON.stringify({ body: html })

  expect(refer(event, raw).length).toBeLessThan(40)
  expect(resolve(refer(event, raw), raw)).toBe(event)
})

it('leaves a string that the message does not have, and a short one', () => {
  const raw = JSON.stringify({ message: html, name: 'Ana' })
  const event = JSON.stringify({ body: `${html}!`, name: 'Ana' })

  expect(refer(event, raw)).toBe(event)
})

it('keeps a text that is the message itself as one word', () => {
  const raw = JSON.stringify({ message: html })

  expect(refer(raw, raw)).toBe("'raw'")
  expect(resolve("'raw'", raw)).toBe(raw)
})

it.each([
  ["it's 'raw 0 3000' in a name"],
  ["'raw'"],
  ["\\\"'raw 0 3000'"],
  ['{"a":\'raw 12 3002\'}'],
])('never takes what a vendor wrote for a reference: %s', (name) => {
  const raw = JSON.stringify({ message: html, name })
  const event = JSON.stringify({ name, body: html })

  expect(resolve(event, raw)).toBe(event)
  expect(resolve(refer(event, raw), raw)).toBe(event)
  expect(JSON.parse(withoutReferences(refer(event, raw)))).toEqual({ name, body: null })
})

it('refuses a reference to what the message does not have', () => {
  const raw = JSON.stringify({ message: html })
  const stored = refer(JSON.stringify({ body: html }), raw)

  expect(() => resolve(stored, raw.slice(0, 2000))).toThrow('other bytes')
})

describe('for any texts', () => {
  const text = fc
    .array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('"', "'", '\\', "'raw 1 2'")))
    .map((parts) => parts.join(''))
  const strings = fc.array(
    fc.oneof(
      text,
      text.map((one) => long(one || 'x')),
    ),
    { maxLength: 5 },
  )

  it('gives back exactly what was put in', () => {
    fc.assert(
      fc.property(strings, strings, (shared, own) => {
        const raw = JSON.stringify({ shared, nested: { shared } })
        const event = JSON.stringify({
          [shared[0] ?? 'key']: own,
          data: { shared: shared.toReversed() },
        })
        const stored = refer(event, raw)
        expect(resolve(stored, raw)).toBe(event)
        expect(stored.length).toBeLessThanOrEqual(event.length)
        JSON.parse(withoutReferences(stored))
      }),
    )
  })
})
