// Some values differ between D1 and the rest of the code: D1 has `derived` for an inferred event, `open` for a target that is
// backing off, and `twin` for a possible duplicate. An inferred event that was erased is told from a received one: nobody sent it. The rows are not rewritten: a partial index names the first, so that
// during a deploy the version before would scan the whole log for each event; and it still writes all three.

const READ: Record<string, string> = {
  derived: 'inferred',
  open: 'backing_off',
  twin: 'possible_duplicate',
}
const STORED = Object.fromEntries(Object.entries(READ).map(([stored, word]) => [word, stored]))

/** The status of an inferred event that was erased, as D1 has it. The ledger goes on counting it as inferred. */
export const ERASED_INFERRED = 'erased_derived'

/** SQL: the statuses of erased events. */
export const IS_ERASED = `IN ('erased', '${ERASED_INFERRED}')`

/** The word for a stored status, state or reason. */
export function readWord<Word extends string>(stored: string): Word {
  return (stored === ERASED_INFERRED ? 'erased' : (READ[stored] ?? stored)) as Word
}

/** The same, but for an inferred event that was erased, which stays what it is. */
export const readStatus = <Word extends string>(stored: string): Word =>
  stored === ERASED_INFERRED ? (stored as string as Word) : readWord(stored)

/** The stored form of a status, state or reason. */
export function storedWord(word: string): string {
  return STORED[word] ?? word
}
