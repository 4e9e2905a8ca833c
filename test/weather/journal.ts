// What happened in a run, for its story: weather, violations, and the way of each message.
import type { Clock } from './machine/clock.ts'
import { type Fault, nameOf } from './sky/schedule.ts'

/** A promise that was broken. */
export type Violation = {
  invariant: string
  /** Epoch milliseconds. */
  at: number
  text: string
  /** What it is about: a message, an event or a target, by the names of the journal. */
  about?: string | undefined
}

export type Entry = { at: number; text: string; about?: string | undefined }

/** The violations of an invariant that are kept. */
const MAX_KEPT = 20

export class Journal {
  readonly violations: Violation[] = []
  readonly entries: Entry[] = []
  readonly logs: Entry[] = []
  /** Whether the lines of the Worker's log are kept. */
  keepsLogs = false
  /** The run makes no sense any more. */
  isFatal = false
  private readonly clock: Clock

  constructor(clock: Clock) {
    this.clock = clock
  }

  violate(invariant: string, text: string, about?: string): void {
    const kept = this.violations.filter((one) => one.invariant === invariant)
    if (kept.length >= MAX_KEPT || kept.some((one) => one.text === text)) return
    this.violations.push({ invariant, text, about, at: this.clock.now })
  }

  /** Whether an invariant, or `any`, is violated. */
  has(invariant: string | undefined): boolean {
    if (invariant === undefined) return false
    return this.violations.some((one) => invariant === 'any' || one.invariant === invariant)
  }

  weather(fault: Fault, what: 'begins' | 'ends'): void {
    this.note(`${what === 'begins' ? '▼' : '▲'} ${nameOf(fault)} ${what}`)
  }

  note(text: string, about?: string): void {
    this.entries.push({ at: this.clock.now, text, about })
  }

  log(isolate: number, line: string): void {
    if (this.keepsLogs) this.logs.push({ at: this.clock.now, text: `[${isolate}] ${line}` })
    else if (process.env.WEATHER_LOG)
      console.error(new Date(this.clock.now).toISOString(), isolate, line)
  }
}
