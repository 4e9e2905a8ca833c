// The statistics: counts of events by status and of attempts by outcome.
import type { AttemptError } from '../deliveries/delivery.ts'

/** The outcomes of attempts that are counted: success, the class of the HTTP status, or the error. */
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
 * received: events by their first status; test: events marked as tests, by their first status.
 * attempt: attempts by outcome, with the response time; latency: first successes, with the time since acceptance.
 * event, delivery: events and deliveries by their present status or state.
 */
export type FigureKind = 'received' | 'test' | 'attempt' | 'latency' | 'event' | 'delivery'

/**
 * A count of equal events, attempts or deliveries. `name`: their source or target. `ms`: the sum of their durations.
 */
export type Figure = {
  kind: FigureKind
  name: string
  outcome: string
  /** The number of the bucket of their durations (core/ledger/histogram.ts). */
  bucket: number
  count: number
  ms: number
  /** When the last of them was received or ended, in epoch milliseconds; 0 if not known. */
  last: number
  /** The HTTP status of the last attempt. */
  status: number | null
}

/** A figure of one hour. `made`: that hour, in hours since 1970. */
export type HourlyFigure = Figure & { made: number }
