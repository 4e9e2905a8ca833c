// What is counted in a world, and what is wrong in it. Scores of worlds add up.

/** Something that is wrong, of which a story can be told. */
export type Finding = {
  /** Its kind, from the general to the special: `kind:renewal:strong`. */
  kind: string
  text: string
  /** The messages that it is about, by their numbers. */
  about: number[]
}

export class Score {
  readonly counts: Record<string, number> = {}
  readonly findings: Finding[] = []

  add(name: string, by = 1): void {
    this.counts[name] = (this.counts[name] ?? 0) + by
  }

  /** Counts it under its kind too. */
  find(kind: string, text: string, about: readonly number[]): void {
    this.add(`found|${kind}`)
    this.findings.push({ kind, text, about: [...about] })
  }

  get(name: string): number {
    return this.counts[name] ?? 0
  }
}

/** Adds counts to others. */
export function addCounts(to: Record<string, number>, from: Record<string, number>): void {
  for (const [name, count] of Object.entries(from)) to[name] = (to[name] ?? 0) + count
}
