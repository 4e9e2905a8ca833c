// Who an event is about: the key of its contact's history, and what the message says to tell two contacts apart.
//
// The key is the vendor's id, else the e-mail address, marked as one. Ids are unique only within one account of the vendor:
// where a source has two accounts (Hype's publishers) with an equal id, or sites of Hapana that use one id for two people,
// the contact known first has the bare key, and the key of the other one is *scoped* by its account or site.
// Contacts of test events are marked too: a test says nothing about a real person.
import { asId, fold, type Reader, reader } from './fields.ts'
import type { Contact } from './vocabulary.ts'

/** Marks a contact that is known by its e-mail address alone, so that no vendor's id can be taken for one. */
export const EMAIL_PREFIX = 'email:'

/** Marks a contact of test events, so that they never join the history of a real person. */
export const TEST_PREFIX = 'test:'

/** Before the scope of a key. No id contains this control character. */
export const SCOPE_MARK = '\u001f'

/** The most characters of a vendor's id, type or address that are stored in a column of their own. */
export const MAX_WORD_LENGTH = 500

/** What an event tells about who it is about. `contact` is the bare key; the other texts are null where they are unknown. */
export type ContactClaim = {
  contact: string
  scoped: string | null
  account: string | null
  site: string | null
  /** The address in lower case. */
  email: string | null
  /** The words of the name (`nameOf`). */
  name: string | null
}

/** The key of a contact; undefined when neither id nor address is known. `email` in lower case. */
export function contactKeyOf(
  contactId: string | undefined,
  email: string | null | undefined,
  isTest: boolean,
): string | undefined {
  const address = isAddress(email) ? `${EMAIL_PREFIX}${email.slice(0, MAX_WORD_LENGTH)}` : undefined
  const key = contactId ?? address
  return isTest && key !== undefined ? `${TEST_PREFIX}${key}` : key
}

/** The vendor's id in a key; undefined where there is none. */
export function contactIdOf(key: string): string | undefined {
  const own = key.startsWith(TEST_PREFIX) ? key.slice(TEST_PREFIX.length) : key
  return own.startsWith(EMAIL_PREFIX) ? undefined : bareKeyOf(own)
}

/** The key of the log without its scope, as a message gives it. */
export const bareKeyOf = (key: string): string => key.split(SCOPE_MARK)[0] ?? key

/** The part of an event's data that tells who its contact is. */
type ContactData = {
  contact: Contact
  site?: { vendor_id: string }
  account?: { vendor_id: string }
}

/** What the data of an event tell about its contact. */
export function claimOf(contact: string, data: ContactData): ContactClaim {
  const account = data.account?.vendor_id ?? null
  const site = data.site?.vendor_id ?? null
  const scope = account ?? site
  return {
    contact,
    scoped: scope === null ? null : `${contact}${SCOPE_MARK}${scope}`,
    account,
    site,
    email: data.contact.email_normalized ?? null,
    name: nameOf(data.contact),
  }
}

/**
 * Whether the data of two events under one bare key may be about one contact. Not those of two accounts, nor those of two
 * sites that have both another name and another address.
 */
export function isSameContact(a: ContactData, b: ContactData): boolean {
  const differ = (one: string | undefined, other: string | undefined) =>
    one !== undefined && other !== undefined && one !== other
  if (differ(a.account?.vendor_id, b.account?.vendor_id)) return false
  return !(
    differ(a.site?.vendor_id, b.site?.vendor_id) &&
    differ(a.contact.email_normalized, b.contact.email_normalized) &&
    isOtherName(nameOf(a.contact), nameOf(b.contact))
  )
}

/** Whether neither name begins with the other: Ana is no other name than Ana Silva. */
export function isOtherName(a: string | null, b: string | null): boolean {
  if (a === null || b === null) return false
  return !`${a} `.startsWith(`${b} `) && !`${b} `.startsWith(`${a} `)
}

/** The words of a name for comparison, without case and accents, the given name first; null if it is unknown. */
export function nameOf({ given_name, family_name, full_name }: Contact): string | null {
  const written = [given_name, family_name].filter(Boolean).join(' ') || (full_name ?? '')
  const words = written.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
  return (
    words
      .match(/[\p{L}\p{N}]+/gu)
      ?.join(' ')
      .slice(0, MAX_WORD_LENGTH) ?? null
  )
}

/** A text as addresses are compared: trimmed, in lower case. The log has addresses in this form, so all that look for one use it. */
export function foldEmail(text: string): string {
  return text.trim().toLowerCase()
}

/** An address in lower case; undefined for a text that is none: no `@`, or two, or a space inside. */
export function normalizeEmail(text: string | null | undefined): string | undefined {
  const email = foldEmail(text ?? '')
  return /^[^\s@,;<>]+@[^\s@,;<>]+$/.test(email) ? email : undefined
}

/** What people write who have no address, as the part before the `@` or as the name of the domain. */
const PLACEHOLDERS = /^(none|null|undefined|unknown|noe?mail|noaddress|noreply|donotreply)$/

/** Mailboxes of a role and not of a person: those of business in RFC 2142 (section 3 and 5), and those of a desk. */
const ROLES =
  /^(info|marketing|sales|support|postmaster|webmaster|admin|contact|desk|enquiries|frontdesk|hello|help|mail|office|reception|staff|team|welcome)$/

/** Whether a text is an address (in lower case) at all, and not what people write who have none. */
function isAddress(email: string | null | undefined): email is string {
  const [local = '', domain = ''] = normalizeEmail(email)?.split('@') ?? []
  const words = [local, domain.split('.')[0] ?? '']
  return local !== '' && !words.some((word) => PLACEHOLDERS.test(fold(word)))
}

/**
 * Whether an address (in lower case) can be somebody's own. A desk's address of another name can: only the log shows how many
 * have it.
 */
export function isPersonal(email: string | null | undefined): email is string {
  return isAddress(email) && !ROLES.test(fold(email.split('@')[0] ?? ''))
}

/** Reads the id of a contact. A vendor's text for "none" is no id, nor is zero. */
export const asContactId: Reader<string> = reader(asId.expects ?? '', (value) => {
  const id = asId(value)
  return id && !/^(null|undefined|none|nan|[-+]?0+)$/i.test(id) ? id : undefined
})
