// The rules of who is who, for contacts that are one person already: which of them belong together by the present rules. The
// same rules as SQL, for a contact that is new: store/events/joins.ts.

import type { PersonBasis } from './envelope.ts'

/** A contact as the rules see it. `address` and `former`: the present address and the one before, where they join. */
export type JoinedContact = {
  source: string
  vendor: string
  contact: string
  account: string | null
  name: string | null
  address: string | null
  former: string | null
  /** How it came to the person; null where it is not known, or the person is its own. */
  basis: PersonBasis | null
}

/** The parts of a person by the present rules. The first one has the first contact, which is the one that stays. */
export function partsOf<C extends JoinedContact>(contacts: readonly C[]): C[][] {
  const parts: C[][] = []
  for (const contact of contacts) {
    const fits = (part: C[]) =>
      !part.some((other) => isSameAccount(contact, other)) &&
      part.some((other) => belongTogether(contact, other, contacts))
    // Who was joined by the present rules stays, whatever the addresses became.
    const stays = contact.basis === null ? undefined : parts[0]
    const part = contact.basis === 'operator' ? stays : (parts.find(fits) ?? stays)
    if (part === undefined) parts.push([contact])
    else part.push(contact)
  }
  return parts
}

function belongTogether(
  a: JoinedContact,
  b: JoinedContact,
  all: readonly JoinedContact[],
): boolean {
  const shares = (one: JoinedContact, other: JoinedContact) =>
    one.address !== null && one.address === other.address
  if (a.vendor === b.vendor) {
    const isSameId = a.source !== b.source && a.contact === b.contact
    return isSameId && ((a.account !== null && a.account === b.account) || shares(a, b))
  }
  if (!shares(a, b)) {
    const isFormer =
      (a.former !== null && a.former === b.address) || (b.former !== null && b.former === a.address)
    return isFormer && isAlike(a, b) !== false
  }
  const rivals = (own: JoinedContact, of: JoinedContact) =>
    all.filter((other) => other !== own && isSameAccount(own, other) && shares(other, of))
  const [ofA, ofB] = [rivals(a, b), rivals(b, a)]
  const alike = isAlike(a, b)
  if (alike === undefined) return ofA.length + ofB.length === 0
  return alike && !ofA.some((other) => isAlike(other, b)) && !ofB.some((other) => isAlike(other, a))
}

function isSameAccount(a: JoinedContact, b: JoinedContact): boolean {
  return a.source === b.source && (a.account ?? b.account) === (b.account ?? a.account)
}

/**
 * Whether one given name begins with the other, and the last words are equal where both have more than one, or one name is
 * the beginning of the other; undefined where a name is unknown.
 */
function isAlike({ name: a }: JoinedContact, { name: b }: JoinedContact): boolean | undefined {
  if (a === null || b === null) return undefined
  const [one, other] = [a.split(' '), b.split(' ')]
  const begins = (x = '', y = '') => x.startsWith(y) || y.startsWith(x)
  const isOneName = one.length === 1 || other.length === 1 || begins(`${a} `, `${b} `)
  return begins(one[0], other[0]) && (isOneName || one.at(-1) === other.at(-1))
}
