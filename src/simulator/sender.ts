// The seam for simulated vendors: a sender is a file that says what one of them would send, and when.
import type { JsonObject } from '../core/intake/json.ts'
import type { Member } from './member.ts'
import type { StepName } from './step.ts'

/** Something that a vendor tells of a member: at which step, and when it happened in epoch milliseconds. */
export type JourneyMessage = { step: StepName; type: string; at: number; body: JsonObject }

export interface Sender {
  /** The vendor's types of messages. */
  readonly types: readonly [string, ...string[]]
  /** Whether each type has an ingest URL of its own, as its body does not name it. */
  readonly isTypeInUrl: boolean
  /** The header in which a signed message carries its delivery id. */
  readonly deliveryHeader: string | undefined
  /** Keys without which a message is not understood, or is another one. */
  readonly essential: readonly string[]
  /** The documented body of a type, about a member, at a time in epoch milliseconds. */
  bodyOf(type: string, member: Member, at: number): JsonObject
  /** What the vendor tells of a member who joins at a time and leaves within `JOURNEY_MS`. */
  journeyOf(member: Member, joined: number): JourneyMessage[]
  /** A body that has become something which nobody understands. */
  junkOf(body: JsonObject): JsonObject
}

/** How long a journey takes at most. */
export const JOURNEY_MS = 90 * 86_400_000
