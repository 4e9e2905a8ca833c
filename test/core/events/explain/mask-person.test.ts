// Personal data is masked wherever a sender has put it; what tells events apart is not.
import { expect, it } from 'vitest'
import { maskPersonal } from '../../../../src/core/events/explain/mask-person.ts'

it.each([
  [
    { first_name: 'Ana', lastName: 'Silva', 'Client Name': 'Ana Silva' },
    { first_name: 'A•••', lastName: 'S•••', 'Client Name': 'A•••' },
  ],
  [
    { email: 'ana@example.com', other: 'write to ana@example.com' },
    { email: 'a•••@example.com', other: 'write to a•••@example.com' },
  ],
  [
    { mobile: 61400123456, memo: 'call +61 400 123 456' },
    { mobile: '•••', memo: 'call •••' },
  ],
  [
    { date_of_birth: '1990-01-01', gender: 'f', address: '1 High St' },
    { date_of_birth: '1•••', gender: 'f•••', address: '1•••' },
  ],
  [
    { text: '{"email":"ana@example.com","total":"42.50"}' },
    { text: '{"email":"a•••@example.com","total":"42.50"}' },
  ],
  [{ contacts: [{ name: 'Ana' }] }, { contacts: [{ name: 'A•••' }] }],
  [
    {
      id: 'evt_0abc',
      time: '2026-11-30T07:18:03.120Z',
      total: '1234.50',
      tier_name: 'Gold',
      due: 1764487083120,
    },
    {
      id: 'evt_0abc',
      time: '2026-11-30T07:18:03.120Z',
      total: '1234.50',
      tier_name: 'Gold',
      due: 1764487083120,
    },
  ],
])('masks %j as %j', (value, masked) => {
  expect(maskPersonal(value)).toEqual(masked)
})
