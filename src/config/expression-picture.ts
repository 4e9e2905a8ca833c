// Picture strings of JSONata, the formats of numbers and times: their limits, and what it takes to read a time by one.

/** Throws for a picture that is too long, or that has a width of four digits, which is costly to pad. */
export function checkPicture(picture: unknown): void {
  if (picture === undefined) return
  const text = String(picture)
  if (text.length > 100 || /,[^\]]*\d{4}/.test(text))
    throw new Error(
      'the expression uses a picture string of more than 100 characters or a width above 999',
    )
}

/**
 * An upper bound for the moves that it takes to read a time of so many characters by a picture. JSONata turns each `[…]`
 * mark into a repetition of digits or letters. Marks side by side, or with letters between them, divide the same
 * characters among themselves. A literal that is neither digit nor letter parts them: no mark can read it, so where the
 * marks before it end is certain. Numbers in words (`[Yw]`) have spaces and hyphens, so nothing parts them.
 */
export function waysToRead(characters: number, picture: string): number {
  // A doubled bracket is a literal one.
  const marks = picture.replaceAll(/\[\[|\[[^\]]*\]?/g, (mark) => (mark === '[[' ? '.' : '\0'))
  const inWords = /\[\s*\S[^\]]*w/i.test(picture)
  const groups = inWords ? [marks] : marks.split(/[^a-z0-9\0]+/i)
  const together = groups.map((group) => group.split('\0').length - 1)
  return together.reduce((ways, n) => ways * combinations(characters, n - 1), characters)
}

/** The number of ways in which `marks` repetitions can end among `characters`; 1 for none. */
function combinations(characters: number, marks: number): number {
  let product = 1
  for (let i = 1; i <= marks; i++) product *= Math.max(1, (characters - marks + i) / i)
  return product
}
