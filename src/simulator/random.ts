// Repeatable random choices: the same scope gives the same numbers.

/** A sequence of random choices. */
export type Random = {
  /** A whole number from 0 to below its argument. */
  below: (end: number) => number
  /** True with a probability from 0 to 1. */
  chance: (probability: number) => boolean
  /** One element of a list that is not empty. */
  pick: <T>(list: readonly [T, ...T[]]) => T
  bytes: (length: number) => Uint8Array
}

/** The sequence of a scope: any values that distinguish it from others, such as a seed. */
export function seededRandom(...scope: (string | number)[]): Random {
  const next = sfc32(JSON.stringify(scope))
  const below = (end: number) => Math.floor((next() / 2 ** 32) * end)
  return {
    below,
    chance: (probability) => next() / 2 ** 32 < probability,
    pick: (list) => list[below(list.length)] ?? list[0],
    bytes: (length) => Uint8Array.from({ length }, () => below(256)),
  }
}

/** 32 random bits at a time, by the generator sfc32 of PractRand (https://pracrand.sourceforge.net). */
function sfc32(seed: string): () => number {
  let [a, b, c, counter] = [hash(seed, 1), hash(seed, 2), hash(seed, 3), 1]
  const next = () => {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return sum >>> 0
  }
  // The first numbers of two similar seeds are similar too.
  for (let i = 0; i < 12; i++) next()
  return next
}

/** FNV-1a, 32 bits, with another offset basis for each `n`. */
function hash(text: string, n: number): number {
  let value = 0x811c9dc5 ^ Math.imul(n, 0x9e3779b1)
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return value
}
