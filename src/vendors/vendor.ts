// The seam for inbound adapters. A vendor is a file that says how it signs, and what its messages mean.

import type { EventDraft, MembershipEvent } from '../core/events/event.ts'
import type { Warning } from '../core/events/fields.ts'
import type { History, Interpretation } from '../core/events/history.ts'
import type { SourceSettings } from '../core/events/source.ts'
import type { EventKind, EventType } from '../core/events/vocabulary.ts'
import type { Identity } from '../core/intake/dedupe.ts'
import type { JsonObject } from '../core/intake/json.ts'
import type { SignatureScheme } from '../core/intake/proof.ts'

/** One message of a proven request. */
export type VendorMessage = {
  body: JsonObject
  headers: Headers
  /** The event type that the ingest URL names with `?event=`. */
  eventName: string | undefined
}

/** A message that was understood. */
export type NormalizedMessage = { event: EventDraft; identity: Identity; warnings: Warning[] }

/** A message that was not: what could be told of its type, and what is missing, by the vendor's key. */
export type NormalizationError = {
  type: EventType | 'vendor.unrecognized'
  vendorType: string | undefined
  issues: Warning[]
}

export interface Vendor {
  readonly id: string
  /** Raised whenever the mapping gives another event for the same message; recorded with each event. */
  readonly mappingVersion: number
  /** How the vendor signs, where it does. */
  readonly signature?: SignatureScheme
  /** Whether a request header of the vendor's own says something about the message and is kept with it, where it sends any. */
  keepsHeader?(name: string): boolean
  /** Turns a message into an event, or says why not. Total: never throws, reads no clock. */
  normalize(
    message: VendorMessage,
    settings: SourceSettings,
  ): { ok: true; value: NormalizedMessage } | { ok: false; error: NormalizationError }
  /**
   * What other events of the same contact are about that say what this one means; undefined when it says that by itself,
   * and none when it only matters whether and where the contact is known.
   */
  relatedKinds(event: MembershipEvent): readonly EventKind[] | undefined
  /** What an event means in the light of the log, and what follows from it. The same for the same facts. */
  interpret(event: MembershipEvent, history: History): Interpretation
}
