// Who an event is about: keys, claims, and addresses that identify somebody.
import { describe, expect, it } from 'vitest'
import {
  asContactId,
  claimOf,
  contactIdOf,
  contactKeyOf,
  isPersonal,
  isSameContact,
  nameOf,
  normalizeEmail,
  SCOPE_MARK,
} from '../../../src/core/events/contact-key.ts'

describe('the key of a contact', () => {
  it.each([
    ['id', 'a@x.example', false, 'id'],
    ['id', undefined, true, 'test:id'],
    [undefined, 'a@x.example', false, 'email:a@x.example'],
    [undefined, 'noemail@noemail.com', false, undefined],
    [undefined, 'none', false, undefined],
    [undefined, null, false, undefined],
  ])('of the id %s and the address %s is %s', (id, email, isTest, key) => {
    expect(contactKeyOf(id, email, isTest)).toBe(key)
  })

  it.each([
    ['id', 'id'],
    ['test:id', 'id'],
    [`id${SCOPE_MARK}site`, 'id'],
    ['email:a@x.example', undefined],
  ])('%j has the id %s', (key, id) => {
    expect(contactIdOf(key)).toBe(id)
  })
})

it.each(['null', 'NULL', 'undefined', 'None', 'NaN', 0, '0', '-0', '000', '', ' '])(
  '%j is no id',
  (value) => {
    expect(asContactId(value)).toBeUndefined()
  },
)

it.each(['1', 7, 'nullable', '0a', 'none-1'])('%j is an id', (value) => {
  expect(asContactId(value)).toBe(String(value))
})

it.each([
  ['Ana@Example.com', 'ana@example.com'],
  [' ÜNAL@example.com\n', 'ünal@example.com'],
  ['none', undefined],
  ['no email', undefined],
  ['a@b@c', undefined],
  ['a@b, c@d', undefined],
  ['@', undefined],
])('the address of %j is %j', (text, address) => {
  expect(normalizeEmail(text)).toBe(address)
})

it.each([
  ['ana@example.com', true],
  ['info@gym.example', false],
  ['front-desk@gym.example', false],
  ['harbour@gym.example', true],
  ['no-email@gym.example', false],
  ['do.not.reply@gym.example', false],
  ['ana@noemail.com', false],
  ['none@none.com', false],
])('%s is an address of one’s own: %s', (address, expected) => {
  expect(isPersonal(address)).toBe(expected)
})

it.each([
  [{ given_name: 'Ana María', family_name: "O'Neil" }, 'ana maria o neil'],
  [{ full_name: ' Zoë  Brown ' }, 'zoe brown'],
  [{ given_name: 'Ana' }, 'ana'],
  [{ full_name: '–' }, null],
  [{}, null],
])('the words of the name of %j are %j', (contact, words) => {
  expect(nameOf(contact)).toBe(words)
})

it('the claim of an event has the key in its account or site', () => {
  const contact = { full_name: 'Ana Silva', email_normalized: 'ana@x.example' }

  expect(claimOf('1', { contact, site: { vendor_id: 'a' } })).toEqual({
    contact: '1',
    scoped: `1${SCOPE_MARK}a`,
    account: null,
    site: 'a',
    email: 'ana@x.example',
    name: 'ana silva',
  })
  expect(claimOf('1', { contact: {} })).toMatchObject({ scoped: null, email: null, name: null })
})

describe('two messages with one id', () => {
  const data = (full_name: string | undefined, email: string | undefined, site?: string) => ({
    contact: {
      ...(full_name && { full_name }),
      ...(email && { email_normalized: email }),
    },
    ...(site && { site: { vendor_id: site } }),
  })
  const ana = data('Ana Silva', 'ana@x.example', 'a')

  it.each([
    ['another name and address elsewhere', data('Bob', 'bob@x.example', 'b'), false],
    ['another name and address at one site', data('Bob', 'bob@x.example', 'a'), true],
    ['another name elsewhere', data('Bob', 'ana@x.example', 'b'), true],
    ['another address elsewhere', data('Ana', 'bob@x.example', 'b'), true],
    ['no name elsewhere', data(undefined, 'bob@x.example', 'b'), true],
    ['a longer first word', data('Anabel', 'bob@x.example', 'b'), false],
  ])('and %s may be about one contact: %#', (_case, other, expected) => {
    expect(isSameContact(ana, other)).toBe(expected)
    expect(isSameContact(other, ana)).toBe(expected)
  })

  it('of two accounts are about two contacts', () => {
    const of = (vendor_id: string) => ({ contact: {}, account: { vendor_id } })

    expect(isSameContact(of('a'), of('b'))).toBe(false)
    expect(isSameContact(of('a'), of('a'))).toBe(true)
  })
})
