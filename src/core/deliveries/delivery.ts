// A delivery: one event owed to one target, and the attempts at it.
import type { EventId } from '../id.ts'

/** pending: not tried yet. retrying: failed, will be tried again. held: kept until somebody or something lets it go. */
export const DELIVERY_STATES = [
  'pending',
  'retrying',
  'held',
  'delivered',
  'dead',
  'cancelled',
] as const
export type DeliveryState = (typeof DELIVERY_STATES)[number]

/** The states of deliveries that are still owed. */
export const UNFINISHED_STATES: readonly DeliveryState[] = ['pending', 'retrying', 'held']

/** True for a delivery that waits for an attempt; then, and only then, an alarm is set for it. */
export function isOpen<D extends { state: DeliveryState; due: number | undefined }>(
  delivery: D,
): delivery is D & { due: number } {
  const { state, due } = delivery
  return (state === 'pending' || state === 'retrying') && due !== undefined
}

/** Why a delivery is held. All but `paused`, `failing` and `gone` end without anybody's doing. */
export type HoldReason = 'disabled' | 'broken' | 'order' | 'open' | 'paused' | 'failing' | 'gone'

/** What stopped an attempt; `fault` is ours, the others are the target's or the network's. */
export type AttemptError = 'dns' | 'connect' | 'tls' | 'timeout' | 'redirect' | 'status' | 'fault'

/** What came of one try. */
export type Outcome = {
  status: number | undefined
  error: AttemptError | undefined
  /** What the error was, in words, or the first characters of the target's answer. */
  detail: string
  retryAfter: string | undefined
  durationMs: number
  /** What was sent, where something was. */
  sent?: Sent | undefined
}

/** The media type of a CloudEvent in the structured mode. */
export const CLOUDEVENT_TYPE = 'application/cloudevents+json; charset=utf-8'

/** What the log keeps of a request, as nothing else tells it later. */
export type Sent = {
  /** The SHA-256 of the body, in base64. */
  digest: string
  /** Left out for the commonest, which is `CLOUDEVENT_TYPE`. */
  content_type?: string
  /** Set when an operator had asked for it once more. */
  replay?: true
  /** The events before it that its target will never get, by their ids. */
  skipped?: string[]
}

/** One try at a delivery, as it is logged. Times as RFC 3339. */
export type Attempt = Partial<Sent> & {
  attempt: number
  at: string
  ms: number
  status?: number
  error?: AttemptError
  response?: string
  /** Seconds that the target asked us to wait, where it did. */
  retry_after?: number
}

/** The body of a delivery, as a format makes it. */
export type Rendered = { contentType: string; body: string }

/** A delivery as an event's routing plans it. `due` in epoch milliseconds. */
export type PlannedDelivery =
  | { target: string; state: 'pending'; due: number; reason?: 'where' }
  | { target: string; state: 'held'; reason: HoldReason }

/**
 * What a queue holds: which delivery, which attempt of it, and for which time the alarm was set (epoch milliseconds).
 * Whoever sets another alarm changes the row's due time, so of several messages for a delivery one is heard.
 */
export type DeliveryMessage = {
  event: EventId
  target: string
  attempt: number
  due: number
}

/**
 * Which queue a batch came by: first attempts at targets in good health; everything else; or messages whose handling
 * was cut off again and again, so that the platform gave up on them.
 */
export type Lane = 'deliveries' | 'retries' | 'dead'
