// What the invariants look at: the world, the relay, the weather, and what is known of each event.
import type { Journal } from '../journal.ts'
import type { Clock } from '../machine/clock.ts'
import type { Relay } from '../machine/relay.ts'
import type { Sky } from '../machine/sky.ts'
import type { Weather } from '../sky/apply.ts'
import type { Fault, FaultKind, Schedule } from '../sky/schedule.ts'
import type { Driver } from '../world/driver.ts'
import type { Receivers } from '../world/receivers.ts'
import type { Senders, Sending } from '../world/senders.ts'

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

export type Scene = {
  clock: Clock
  start: number
  relay: Relay
  senders: Senders
  receivers: Receivers
  schedule: Schedule
  sky: Sky
  weather: Weather
  journal: Journal
  driver: Driver
}

/** An event of the log that comes from a message with a 202. Times in epoch milliseconds. */
export type Tracked = {
  id: string
  key: string
  type: string
  sending: Sending
  beganAt: number
  acceptedAt: number
  /** When it was first seen in the log. */
  seenAt: number
  /** The targets whose deliveries have not ended yet. */
  open: Set<string>
}

/** When which weather was. */
export class Past {
  private readonly spells: { fault: Fault; from: number; to: number | undefined }[] = []
  private readonly cuts: number[] = []
  private readonly clock: Clock

  constructor(clock: Clock) {
    this.clock = clock
  }

  begin(fault: Fault): void {
    this.spells.push({ fault, from: this.clock.now, to: undefined })
  }

  end(fault: Fault): void {
    const spell = this.spells.find((one) => one.fault === fault && one.to === undefined)
    if (spell) spell.to = this.clock.now
  }

  cut(): void {
    this.cuts.push(this.clock.now)
  }

  /** Whether there was weather of some kinds between two times. */
  was(kinds: readonly FaultKind[], from: number, to: number, on?: string): boolean {
    return this.spells.some(
      ({ fault, from: began, to: ended }) =>
        kinds.includes(fault.kind) &&
        (on === undefined || fault.on === undefined || fault.on === on) &&
        began <= to &&
        (ended ?? Number.POSITIVE_INFINITY) >= from,
    )
  }

  /** The weather between two times. */
  during(from: number, to: number): { fault: Fault; from: number; to: number | undefined }[] {
    return this.spells.filter(
      (spell) => spell.from <= to && (spell.to ?? Number.POSITIVE_INFINITY) >= from,
    )
  }

  /** How long the longest weather of a kind about something has lasted, in milliseconds. */
  longest(kind: FaultKind, on: string): number {
    const lengths = this.spells
      .filter(({ fault }) => fault.kind === kind && fault.on === on)
      .map(({ from, to }) => (to ?? this.clock.now) - from)
    return Math.max(0, ...lengths)
  }

  /** Whether weather of a kind has lasted for some time, and still does. */
  lasts(kind: FaultKind, ms: number): boolean {
    return this.spells.some(
      ({ fault, from, to }) =>
        fault.kind === kind && to === undefined && this.clock.now - from >= ms,
    )
  }

  wasCut(from: number, to: number): boolean {
    return this.cuts.some((at) => at >= from && at <= to)
  }

  /** Since when there is none of some kinds; undefined while there is. A receiver's is only that of a target. */
  fairSince(kinds: readonly FaultKind[], on?: string): number | undefined {
    let since = 0
    for (const { fault, to } of this.spells) {
      if (!kinds.includes(fault.kind)) continue
      if (on !== undefined && fault.on !== undefined && fault.on !== on) continue
      if (to === undefined) return undefined
      since = Math.max(since, to)
    }
    return since
  }
}

/** The weather that concerns the relay itself. */
export const RELAY_WEATHER: readonly FaultKind[] = [
  ...(['d1', 'full', 'queue', 'r2', 'cuts', 'no-cron', 'config', 'schema', 'deploy'] as const),
  'time-travel',
]

/** The weather that can lose an answer or a record. */
export const LOSING: readonly FaultKind[] = ['d1', 'full', 'cuts', 'schema', 'time-travel']

// The keys are computed here once more, apart from those of the relay that is judged.
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const FIRST_TIME = Date.parse('2020-01-01T00:00:00Z')

/** The id of a row of the log, by its key. */
export function idOf(key: string): string {
  let rest = BigInt(key)
  let text = ''
  for (let i = 0; i < 11; i++, rest /= 32n) text = ALPHABET[Number(rest % 32n)] + text
  return `evt_${text}`
}

/** The key of an id. */
export function keyOf(id: string): string {
  let key = 0n
  for (const character of id.slice(4)) key = key * 32n + BigInt(ALPHABET.indexOf(character))
  return key.toString()
}

/** The first key of a millisecond. */
export function firstKeyAt(ms: number): string {
  return (BigInt(Math.floor(ms) - FIRST_TIME) << 13n).toString()
}

/** When the event of a key was received. */
export function timeOfKey(key: string): number {
  return Number(BigInt(key) >> 13n) + FIRST_TIME
}
