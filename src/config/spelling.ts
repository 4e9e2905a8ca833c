// Suggestions for misspelt words in the configuration.

/** Edits that a suggestion may be away: `timeout_second`, `timout_seconds`, `evnets`. */
const MAX_DISTANCE = 2

/** `; did you mean <word>?` with the known word closest to a misspelt one; empty if none is close. */
export function suggestion(word: string, known: readonly string[]): string {
  const [best] = known
    .map((one) => ({ one, distance: editDistance(word, one) }))
    .filter(({ one, distance }) => distance <= MAX_DISTANCE && distance < one.length / 2)
    .toSorted((a, b) => a.distance - b.distance)
  return best === undefined ? '' : `; did you mean ${best.one}?`
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
