// The key of a contact's history: the vendor's id, else the e-mail address, marked as one. Contacts of test events are
// marked too: a test says nothing about a real person.

/** Marks a contact that is known by its e-mail address alone, so that no vendor's id can be taken for one. */
export const EMAIL_PREFIX = 'email:'

/** Marks a contact of test events, so that they never join the history of a real person. */
export const TEST_PREFIX = 'test:'

/** The most characters of a vendor's id, type or address that are stored in a column of their own. */
export const MAX_WORD_LENGTH = 500

/** The key of a contact; undefined when neither id nor address is known. `email` in lower case. */
export function contactKeyOf(
  contactId: string | undefined,
  email: string | null | undefined,
  isTest: boolean,
): string | undefined {
  const key = contactId ?? (email ? `${EMAIL_PREFIX}${email.slice(0, MAX_WORD_LENGTH)}` : undefined)
  return isTest && key !== undefined ? `${TEST_PREFIX}${key}` : key
}

/** The vendor's id in a key; undefined where there is none. */
export function contactIdOf(key: string): string | undefined {
  const own = key.startsWith(TEST_PREFIX) ? key.slice(TEST_PREFIX.length) : key
  return own.startsWith(EMAIL_PREFIX) ? undefined : own
}
