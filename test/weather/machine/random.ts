// Repeatable random choices.

/** A sequence of random choices of a seed. */
export class Random {
  private state: number

  constructor(...scope: (string | number)[]) {
    this.state = hash(JSON.stringify(scope))
    for (let i = 0; i < 4; i++) this.next()
  }

  /** A number in [0, 1) (mulberry32, public domain). */
  next = (): number => {
    this.state = (this.state + 0x6d2b79f5) | 0
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }

  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end)
  }

  between(from: number, to: number): number {
    return from + this.next() * (to - from)
  }

  /** Between two numbers, small ones as likely as large ones. */
  logBetween(from: number, to: number): number {
    return Math.exp(this.between(Math.log(from), Math.log(to)))
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }
}

/** FNV-1a, 32 bits. */
export function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return value
}
