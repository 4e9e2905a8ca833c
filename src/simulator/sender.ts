// The interface of a simulated vendor: the messages that it sends, and when.
import type { JsonObject } from '../core/intake/json.ts'
import type { Member } from './member.ts'
import type { StepName } from './step.ts'

/** A message about a member: the step of the journey, the vendor's type, and when it happened in epoch milliseconds. */
export type JourneyMessage = { step: StepName; type: string; at: number; body: JsonObject }

export interface Sender {
  /** The vendor's event types. */
  readonly types: readonly [string, ...string[]]
  /** Whether each type has its own ingest URL, because the body does not contain the type. */
  readonly isTypeInUrl: boolean
  /** The header of a signed message with the delivery id, if the vendor sends one. */
  readonly deliveryHeader: string | undefined
  /** Keys that drift never changes: without them the message is quarantined or is another event. */
  readonly essential: readonly string[]
  /** The documented body of a type about a member; `at` in epoch milliseconds. */
  bodyOf(type: string, member: Member, at: number): JsonObject
  /** The messages about a member who joins at a time (epoch milliseconds) and leaves within `JOURNEY_MS`. */
  journeyOf(member: Member, joined: number): JourneyMessage[]
  /** The body with an event type that does not exist. */
  junkOf(body: JsonObject): JsonObject
}

/** The longest journey. */
export const JOURNEY_MS = 90 * 86_400_000
