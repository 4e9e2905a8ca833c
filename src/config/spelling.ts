// Suggestions for misspelt words in the configuration.

/** Edits that a suggestion may be away from a short word: `evnets` for `events`. */
const MIN_TOLERANCE = 2

/** The share of a longer word that may be misspelt: `timeout_secs` is three edits away from `timeout_seconds`. */
const TOLERANCE_SHARE = 1 / 4

/** `; did you mean <word>?` with the known word closest to a misspelt one; empty if none is close. */
export function suggestion(word: string, known: readonly string[]): string {
  const [best] = known
    .map((one) => ({ one, distance: editDistance(word, one) }))
    .filter(({ one, distance }) => distance <= toleranceOf(one) && distance < one.length / 2)
    .toSorted((a, b) => a.distance - b.distance)
  return best === undefined ? '' : `; did you mean ${best.one}?`
}

/** The edits that a word may be away from a known one. */
function toleranceOf(known: string): number {
  return Math.max(MIN_TOLERANCE, known.length * TOLERANCE_SHARE)
}

/** Levenshtein distance: the insertions, deletions and substitutions that turn one word into another. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i)
  for (const [i, character] of [...from].entries()) {
    const next = [i + 1]
    for (let j = 1; j <= to.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (character === to[j - 1] ? 0 : 1)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, substitution))
    }
    row = next
  }
  return row[to.length] ?? 0
}
