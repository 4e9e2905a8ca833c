// The bindings of the Worker, and the tools of every act.
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
  /** The log: events, deliveries and attempts, and all that is counted from it. */
  DB: D1Database
  /** Wake-up messages of first attempts. */
  DELIVERIES: Queue<DeliveryMessage>
  /** Wake-up messages of later attempts, each delayed until it is due. */
  RETRIES: Queue<DeliveryMessage>
  /** Records that D1 did not take, gzipped (store/intake/spill.ts). */
  SPILL: Queue<Uint8Array>
  /**
   * Where it is bound: keeps packs, bodies over 16 KB, and requests that have been spilled for an hour or that the queue does not take.
   */
  ARCHIVE?: R2Bucket
  /** The configured senders: a list of tables, or the same as JSON text. */
  SOURCES?: unknown
  /** The configured receivers; every variable named `TARGETS_…` adds to them. */
  TARGETS?: unknown
  /** E-mail addresses that join nobody: a list, or the same as JSON text. */
  SHARED_ADDRESSES?: unknown
  /** The largest request body in bytes; 900,000 unless set. */
  MAX_BODY_BYTES?: unknown
  /** Retention of events in days; 400 unless set. */
  RETENTION_DAYS?: unknown
  /** Retention of received bytes in days; 90 unless set, and never longer than that of events. */
  RAW_RETENTION_DAYS?: unknown
  /** Days that received bytes are kept even if the database is nearly full; 7 unless set. */
  RAW_RETENTION_MIN_DAYS?: unknown
  /** Days after which settled events are packed; 7 unless set, 0 for as soon as their segment has ended. */
  HOT_DAYS?: unknown
  /** The limit of the database in megabytes; 10,000 unless set, 500 on the free plan. */
  DATABASE_MB?: unknown
  /** Rate limit of `/in/` by source and address; no binding, no limit. */
  INTAKE?: RateLimit
  /** Rate limit of requests with a wrong token or none, by network. */
  FAILURES?: RateLimit
  /** Secret: the bearer token of the API and the console. */
  ADMIN_TOKEN?: string
  /** Secret: a token that permits reading only. Optional. */
  VIEWER_TOKEN?: string
  /** The audience tag of the Cloudflare Access application that guards the console, where one does. */
  ACCESS_AUD?: string
}
