// Values of erased people as hashes, and how they are found in texts.
import { describe, expect, it } from 'vitest'
import { valuesOfKey, valuesOfParts } from '../../../src/core/operate/erasure/values.ts'
import { findValues, hashWords } from '../../../src/core/operate/erasure/words.ts'

const salt = 'a1b2'
const contact = {
  email: 'Ana.Silva@Example.com',
  phone: '+61 (412) 345-678',
  given_name: 'Ana',
  family_name: 'Silvà',
  address: { street: '12 Long Road', city: 'New York' },
  emergency_contact: { full_name: 'Ben Silva' },
}
const values = async () =>
  Promise.all(
    [
      ...valuesOfParts({ contact, to: null, fob: null }),
      ...valuesOfKey('hype', '48213'),
      ...valuesOfKey('hype', 'contact-ana-01'),
    ].map(async ({ kind, words, source }) => ({ ...(await hashWords(words, salt)), kind, source })),
  )
const kindsIn = async (text: string) => [
  ...new Set((await findValues(text, { salt, values: await values() })).map(({ kind }) => kind)),
]

describe('a value', () => {
  it.each([
    ['in another case', 'ANA.SILVA@EXAMPLE.COM', 'email'],
    ['inside of a sentence', 'no such user: <ana.silva@example.com>.', 'email'],
    [
      'in JSON inside of JSON',
      JSON.stringify({ a: JSON.stringify({ b: 'x\nana.silva@example.com' }) }),
      'email',
    ],
    ['escaped in JSON', '{"a":"\\u0061na.silva\\u0040example.com"}', 'email'],
    ['in a URL', 'https://x.example/?q=ana.silva%40example.com', 'email'],
    ['as entities of HTML', 'ana.silva&#64;example&#x2e;com', 'email'],
    ['in base64', btoa('to ana.silva@example.com, soon'), 'email'],
    ['with other groups of digits', 'call 61412345678', 'phone'],
    ['with other accents', 'Dear Ána SILVA,', 'name'],
    ['of the emergency contact', '"Ben  Silva"', 'name'],
    ['as a street', '12, long road', 'street'],
    ['as an id', '{"contact_id":"contact-ana-01"}', 'id'],
    ['as a short id behind what it is', '{"clientID":48213}', 'id'],
  ])('is found %s', async (_, text, kind) => {
    expect(await kindsIn(text)).toContain(kind)
  })

  it.each([
    ['a part of it', 'silva@example.com'],
    ['a short id as any number', '{"amount":48213}'],
    ['a longer word', 'xana.silva@example.com'],
    ['a city', 'New York'],
    ['a given name', 'Ana'],
  ])('is not %s', async (_, text) => {
    expect(await kindsIn(text)).toEqual([])
  })

  it('has another hash by another salt', async () => {
    const [one, other] = await Promise.all([hashWords(['ana'], '00'), hashWords(['ana'], '01')])
    expect(one.hash).not.toBe(other.hash)
    expect(one.mark).not.toBe(other.mark)
  })
})
