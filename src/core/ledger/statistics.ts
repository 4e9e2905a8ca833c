// What the statistics count: events by what became of them when they came, attempts by their outcome.
import type { AttemptError } from '../deliveries/delivery.ts'

/** What an attempt came to, for counting: success, what stopped it, or of which hundred the answer was. */
export const ATTEMPT_OUTCOMES = [
  'delivered',
  '4xx',
  '5xx',
  'redirect',
  'timeout',
  'connect',
  'tls',
  'dns',
  'fault',
] as const satisfies readonly (Exclude<AttemptError, 'status'> | 'delivered' | '4xx' | '5xx')[]
export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number]

/**
 * received: events that vendors sent, by what became of them when they came; test: those of them that are marked as test.
 * attempt: by outcome, with the time to the answer; latency: first successes, with the time since the event was accepted.
 * event, delivery: by their present status or state.
 */
export type FigureKind = 'received' | 'test' | 'attempt' | 'latency' | 'event' | 'delivery'

/** A number of like things. `name`: of their source or target. `ms`: how long all of them took together. */
export type Figure = {
  kind: FigureKind
  name: string
  outcome: string
  /** How long each took: the number of its bucket (core/ledger/histogram.ts). */
  bucket: number
  count: number
  ms: number
  /** When the last of them came or ended, in epoch milliseconds; 0 when that is not told. */
  last: number
  /** What the last attempt was answered with. */
  status: number | null
}

/** A figure of one hour. `made`: the hour in which these came or were made, since 1970. */
export type HourlyFigure = Figure & { made: number }
