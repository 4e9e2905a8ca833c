// A delivery: one event for one target, and the attempts at it.
import type { RelayEvent } from '../events/event.ts'
import type { EventId } from '../id.ts'
import type { RawBody } from '../intake/request.ts'

/** pending: not tried yet. retrying: failed, will be tried again. held: waits until it is released. */
export const DELIVERY_STATES = [
  'pending',
  'retrying',
  'held',
  'delivered',
  'dead',
  'cancelled',
] as const
export type DeliveryState = (typeof DELIVERY_STATES)[number]

/** The states of deliveries that are not finished. */
export const UNFINISHED_STATES: readonly DeliveryState[] = ['pending', 'retrying', 'held']

/** True for a delivery that waits for an attempt: then, and only then, it has a wake-up message. */
export function awaitsAttempt<D extends { state: DeliveryState; due: number | undefined }>(
  delivery: D,
): delivery is D & { due: number } {
  const { state, due } = delivery
  return (state === 'pending' || state === 'retrying') && due !== undefined
}

/** Why a delivery is held. All but `paused`, `failing` and `gone` end without an operator. */
export type HoldReason =
  | 'disabled'
  | 'broken'
  | 'order'
  | 'backing_off'
  | 'paused'
  | 'failing'
  | 'gone'
  | 'unknown'

/** The reasons that lie with the target alone, which surely wants the event: of `broken` nobody knows that. */
export const REASONS_OF_TARGET: readonly HoldReason[] = [
  'backing_off',
  'disabled',
  'paused',
  'failing',
  'gone',
  'unknown',
]

/**
 * A delivery of an event that is not in the log yet. `due` in epoch milliseconds. `where`: whether its target wants it is
 * evaluated again.
 */
export type NewDelivery =
  | { target: string; state: 'pending'; due: number; reason?: 'where' }
  | { target: string; state: 'held'; reason: HoldReason }

/**
 * A wake-up message of a queue: which attempt of which delivery is due, and when (epoch milliseconds). D1 has the truth.
 * A new message changes the due time of the row, so of several messages for a delivery only the last one has an effect.
 */
export type DeliveryMessage = {
  event: EventId
  target: string
  attempt: number
  due: number
}

/**
 * The queue of a batch: first attempts at healthy targets, everything else, or messages whose handling was cut off
 * repeatedly, so that the platform gave up on them.
 */
export type Lane = 'deliveries' | 'retries' | 'dead'

/** A delivery whose attempt is due, with all that it takes to make one. Times in epoch milliseconds. */
export type DueDelivery = {
  event: EventId
  target: string
  state: DeliveryState
  /** The number of the next attempt. */
  attempt: number
  /** The attempt at which its schedule began: another one after a replay. */
  first: number
  due: number | undefined
  /**
   * Why it differs from others that are pending: `rate` when its slot is reserved, `probe` when the probe of its target is
   * too, `broken` when its target was.
   */
  reason: string | undefined
  /** True when an operator asked for it again. */
  isReplay: boolean
  /** The message that may handle it, when a lease was taken. */
  leaseHolder: string | undefined
  /** The body of the first attempt, once one has failed. Every later attempt sends it again. */
  sentBody: Rendered | undefined
  content: RelayEvent
  /** The key of its contact. */
  contact: string | undefined
  hops: number
  /**
   * To an ordered target: whether an earlier delivery of the person blocks it, which earlier ones died, and the latest later
   * event of the person that it has already.
   */
  precedence: { mustWait: boolean; skipped: EventId[]; later?: EventId }
  /** To an ordered target: since when it refuses this message, in this schedule of attempts. */
  refusedSince: number | undefined
  raw: RawBody | undefined
  rawContentType: string | undefined
  /** The text of its event's body, where that is not in its row: what repeats it refers to it. */
  apart?: string
  /** Why its body cannot be read now, as a clause. Then `content` has no long strings, and there is no `sentBody`. */
  unreadable?: string
}

/** The reason of a delivery that waits for its slot and has claimed the probe of its target. */
export const PROBE_CLAIMED = 'probe'

/** Why an attempt failed. `fault` is ours, the others are the target's or the network's. */
export type AttemptError = 'dns' | 'connect' | 'tls' | 'timeout' | 'redirect' | 'status' | 'fault'

/** The media type of a CloudEvent in the structured mode: the body is the whole event. */
export const CLOUDEVENT_TYPE = 'application/cloudevents+json'

/** The media type of JSON. It has no parameter `charset` (RFC 8259 §11): JSON is UTF-8. */
export const JSON_TYPE = 'application/json'

/** The content type of the attempts that were logged without one. */
export const UNLOGGED_TYPE = 'application/cloudevents+json; charset=utf-8'

/** What is logged of a request, because nothing else keeps it. */
export type Sent = {
  /** The SHA-256 of the body, in base64. */
  digest: string
  /** Left out when it is `UNLOGGED_TYPE`. */
  content_type?: string
  /** What its format says in headers, by their names. */
  format_headers?: Readonly<Record<string, string>>
  /** Set when an operator asked for it again. */
  replay?: true
  /** The ids of earlier events that its target will never get. */
  skipped?: string[]
  /** The id of a later event of the person that its target has already. */
  later?: string
}

/** One try at a delivery, as it is logged. */
export type Attempt = Partial<Sent> & {
  attempt: number
  /** When it began, as RFC 3339; the signed `webhook-timestamp` is the same instant. */
  at: string
  /** How long it took, in milliseconds. */
  ms: number
  status?: number
  error?: AttemptError
  /** The first characters of the response, or the error in words. */
  response?: string
  /** The seconds of `Retry-After`, where the target sent one. */
  retry_after?: number
}

/**
 * The body of a delivery, as a format renders it. `contentType` says what it is; by which name its receiver gets it is
 * decided at each attempt (formats/index.ts). `headers`: what the format says in headers, by their names.
 */
export type Rendered = {
  contentType: string
  headers?: Readonly<Record<string, string>> | undefined
  body: string
}

/** The state of a delivery after a decision or an attempt. */
export type NextState = {
  state: DeliveryState
  reason?: string | undefined
  /** When the next attempt is due, in epoch milliseconds. */
  due?: number | undefined
  /** The attempt that was made, if one was. */
  logged?: Attempt
  /** The body to send again at every later attempt. */
  keepBody?: Rendered
}

/** When the next attempt is due; null for a held delivery, whose due time is not that of an attempt. */
export function nextAttempt(state: string, due: string | null): string | null {
  return state === 'held' ? null : due
}
