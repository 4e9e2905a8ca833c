// What the platform gives the Worker.
import type { DeliveryMessage } from './core/deliveries/delivery.ts'

/** Writes one line of JSON: ids, types, numbers; nothing personal, no secret. */
export type Log = (line: Record<string, unknown>) => void

/** What every act gets beside its bindings and its configuration: the only clock, randomness and network there is. */
export type Tools = {
  /** Epoch milliseconds. */
  now: () => number
  /** A number in [0, 1). */
  random: () => number
  log: Log
  fetch: (url: string, init: RequestInit) => Promise<Response>
  /** Lets work go on after the answer was given. */
  waitUntil: (work: Promise<unknown>) => void
}

export interface Env {
  /** The log: events, their deliveries, and what came of them. */
  DB: D1Database
  /** Ids of deliveries whose first attempt is due. */
  DELIVERIES: Queue<DeliveryMessage>
  /** Ids of deliveries that failed before, each delayed until its next attempt. */
  RETRIES: Queue<DeliveryMessage>
  /** Requests that D1 did not take: gzipped records (store/intake/packing.ts). */
  SPILL: Queue<Uint8Array>
  /** The configured senders: a list of tables, or the same as JSON text. */
  SOURCES?: unknown
  /** The configured receivers; every variable named `TARGETS_…` adds to them. */
  TARGETS?: unknown
  /** The largest request body in bytes; 900,000 unless set. */
  MAX_BODY_BYTES?: unknown
  /** For how many days events are kept; 400 unless set. */
  RETENTION_DAYS?: unknown
  /** For how many days the bytes of a request are kept; 90 unless set, and never longer than its events. */
  RAW_RETENTION_DAYS?: unknown
  /** Counts requests to the front door by source and address; no binding, no limit. */
  INTAKE?: RateLimit
  /** Counts requests without the token by address. */
  FAILURES?: RateLimit
  /** Secret: the bearer token of the API, and what opens the console. */
  ADMIN_TOKEN?: string
  /** The audience tag of the Cloudflare Access application that guards the console, where one does. */
  ACCESS_AUD?: string
}
