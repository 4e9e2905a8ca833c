// How a later message of an erased contact is recognised: by texts of which only keyed hashes are kept.
import { type ContactClaim, contactIdOf, SCOPE_MARK } from '../../events/contact-key.ts'

/** A contact that is erased, as the log knew it. `addresses`: those that nobody else has. */
export type ErasedContact = {
  source: string
  /** Its key in the log. */
  contact: string
  account: string | null
  addresses: readonly string[]
}

/** In place of the account, in what a message says that names none. */
const NO_ACCOUNT = '?'

const noteOf = (...parts: string[]) => JSON.stringify(parts)

/** The note of an address: a message that is not understood names nobody, but may contain it. */
export const noteOfAddress = (address: string): string => noteOf('address', address)

/** The notes that are kept of a contact. */
export function notesOf({ source, contact, account, addresses }: ErasedContact): string[] {
  const isScoped = contactIdOf(contact) !== undefined && contact.includes(SCOPE_MARK)
  const own = isScoped
    ? [noteOf(source, contact)]
    : account === null
      ? [noteOf(source, contact, '')]
      : [noteOf(source, contact, account), noteOf(source, contact, NO_ACCOUNT)]
  return [...own, ...addresses.map(noteOfAddress)]
}

/** The notes by one of which the contact of a message is an erased one. An id of another account is another contact's. */
export function notesFor(source: string, { contact, scoped, account }: ContactClaim): string[] {
  return [
    noteOf(source, contact, ''),
    noteOf(source, contact, account ?? NO_ACCOUNT),
    ...(scoped === null ? [] : [noteOf(source, scoped)]),
  ]
}

/** Addresses in a text, in lower case, each once. */
export function addressesIn(text: string): string[] {
  const found =
    text.toLowerCase().match(/[^\s@<>"'`,;:()[\]{}\\/=]+@[^\s@<>"'`,;:()[\]{}\\/=]+/g) ?? []
  return [...new Set(found)]
}
