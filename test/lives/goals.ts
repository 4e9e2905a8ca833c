// The goals, and whether counts reach them.

export type Goal = { name: string; is: string; isMet: boolean }

type Counts = Record<string, number>

/** Fewer claims than this say nothing about a share. */
const FEW = 100

/** What is promised of strong and likely claims, of true events, and of people. */
export function goalsOf(counts: Counts): Goal[] {
  const wrongStrong = sum(counts, (name) => /^claim\|.*\|(strong|certain)\|wrong\|/.test(name))
  const wrongAmounts = sum(counts, (name) => /^found\|amount:.*:(strong|certain)$/.test(name))
  const across = counts['found|joined-across'] ?? 0
  const pairs = counts['pairs joined across'] ?? 0
  const nameless = counts['different humans joined across without a name'] ?? 0
  const namelessPairs = counts['pairs joined across without a name'] ?? 0
  const found = counts['same humans found'] ?? 0
  const findable = counts['same humans at two vendors, by an own address'] ?? 0
  return [
    none('strong and certain claims that are wrong', wrongStrong),
    none('strong and certain amounts that are wrong', wrongAmounts),
    ...likelyGoals(counts),
    none(
      'true events eaten',
      sum(counts, (name) => name.startsWith('found|eaten:')),
    ),
    none(
      'repeats told unmarked, within what can be known',
      sum(counts, (name) => name.startsWith('found|repeat:')),
    ),
    none(
      'different humans joined within one vendor',
      (counts['found|joined-within'] ?? 0) + (counts['found|joined-publishers'] ?? 0),
    ),
    {
      name: 'different humans joined across vendors, at most 1 in 10,000',
      is: `${across} of ${pairs}; where both have stated a name: ${across - nameless} of ${pairs - namelessPairs}`,
      isMet: across * 10_000 <= pairs,
    },
    {
      name: 'same humans found by an own address, at least 99 %',
      is: `${found} of ${findable}`,
      isMet: found >= 0.99 * findable,
    },
  ]
}

const none = (name: string, count: number): Goal => ({
  name,
  is: String(count),
  isMet: count === 0,
})

/** Likely claims are right in at least 95 % of each kind. */
function likelyGoals(counts: Counts): Goal[] {
  return [...claimsBy(counts, 'likely')].flatMap(([claim, { right, wrong }]) => {
    const all = right + wrong
    if (all < FEW || right >= 0.95 * all) return []
    return [
      {
        name: `likely ${claim}, at least 95 % right`,
        is: `${percent(right, all)} of ${all}`,
        isMet: false,
      },
    ]
  })
}

export type Judged = { right: number; wrong: number; open: number }

/** What became of the claims of a confidence, by their fields and words. */
export function claimsBy(counts: Counts, confidence: string): Map<string, Judged> {
  const claims = new Map<string, Judged>()
  for (const [name, count] of Object.entries(counts)) {
    const [what, field, claimed, how, verdict] = name.split('|')
    if (what !== 'claim' || how !== confidence) continue
    const key = `${field} ${claimed}`
    const judged = claims.get(key) ?? { right: 0, wrong: 0, open: 0 }
    judged[verdict as keyof Judged] += count
    claims.set(key, judged)
  }
  return new Map([...claims].sort(([a], [b]) => (a < b ? -1 : 1)))
}

export function sum(counts: Counts, is: (name: string) => boolean): number {
  return Object.entries(counts).reduce((all, [name, count]) => (is(name) ? all + count : all), 0)
}

/** A share in percent, never rounded up to all or down to nothing. */
export function percent(part: number, all: number): string {
  if (all === 0) return '–'
  const share = (100 * part) / all
  if (part < all && share > 99.95) return '> 99.9 %'
  return `${share.toFixed(share === 100 || share === 0 ? 0 : 1)} %`
}
