// Three values differ between D1 and the rest of the code: D1 has `derived` for an inferred event, `open` for a target that is
// backing off, and `twin` for a possible duplicate. The rows are not rewritten: a partial index names the first, so that
// during a deploy the version before would scan the whole log for each event; and it still writes all three.

const READ: Record<string, string> = {
  derived: 'inferred',
  open: 'backing_off',
  twin: 'possible_duplicate',
}
const STORED = Object.fromEntries(Object.entries(READ).map(([stored, word]) => [word, stored]))

/** The word for a stored status, state or reason. */
export function readWord<Word extends string>(stored: string): Word {
  return (READ[stored] ?? stored) as Word
}

/** The stored form of a status, state or reason. */
export function storedWord(word: string): string {
  return STORED[word] ?? word
}
