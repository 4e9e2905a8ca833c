// The interface of a vendor: how it signs requests, and how its messages become events.
import type { EventDraft, MembershipEvent, UNRECOGNIZED } from '../core/events/event.ts'
import type { Warning } from '../core/events/fields.ts'
import type { History, Interpretation } from '../core/events/history.ts'
import type { SourceSettings } from '../core/events/source.ts'
import type { EventKind, EventType } from '../core/events/vocabulary.ts'
import type { SignatureScheme } from '../core/intake/authenticate.ts'
import type { Identity } from '../core/intake/dedupe.ts'
import type { VendorMessage } from '../core/intake/request.ts'
import type { Result } from '../core/result.ts'

/** What a vendor reads of a message: its JSON, its headers, and the value of `?event=` in the ingest URL. */
type MessageContent = Pick<VendorMessage, 'body' | 'headers' | 'eventName'>

/** A message as an event, with its identity for deduplication. */
type NormalizedMessage = { event: EventDraft; identity: Identity; warnings: Warning[] }

/** Why a message is quarantined: its type as far as known, and each problem with the vendor's key. */
export type NormalizationError = {
  type: EventType | typeof UNRECOGNIZED
  vendorType: string | undefined
  issues: Warning[]
}

/** The problem of a message whose type is unknown, or that has none: one text for all vendors. */
export function typeIssue(vendorType: string | undefined): Warning {
  const message = vendorType === undefined ? 'no event type found' : 'unknown event type'
  return { path: 'type', message }
}

export interface Vendor {
  readonly id: string
  /**
   * Raised when the mapping returns another event for the same message; other wording of warnings alone does not count.
   */
  readonly mappingVersion: number
  /** How the vendor signs requests; undefined if it does not. */
  readonly signature?: SignatureScheme
  /** The header with an id that is the same whenever a message is sent again. It is not signed, and stored. */
  readonly deliveryHeader?: string
  /** Whether to store a request header with the message. Undefined if the vendor sends no headers of its own. */
  keepsHeader?(name: string): boolean
  /** Maps a message to an event, or returns why it is quarantined. Pure: never throws, reads no clock. */
  normalize(
    message: MessageContent,
    settings: SourceSettings,
  ): Result<NormalizedMessage, NormalizationError>
  /**
   * What distinguishes a signed message from another with the same content, and what it is as any other type: a vendor whose
   * signature does not cover the type has these.
   */
  readonly signed?: {
    stamp(headers: Headers): string | undefined
    readings(message: MessageContent, settings: SourceSettings): NormalizedMessage[]
  }
  /**
   * Which part of the contact's history `interpret` needs for an event:
   * - a list of kinds: the events of these kinds;
   * - an empty list, for an event that announces its contact: the events that announced it before;
   * - undefined: nothing. The event is complete, and `interpret` is not called.
   */
  relatedKinds(event: MembershipEvent): readonly EventKind[] | undefined
  /**
   * What `interpret` reads of the data of an event in the history of others, beside who it is about (core/events/facts/facts.ts);
   * undefined if it is in no history.
   */
  remembered(event: MembershipEvent): object | undefined
  /** Whether `interpret` needs the events of other contacts at the same moment too. Undefined if it never does. */
  needsPeers?(event: MembershipEvent): boolean
  /**
   * Completes an event from its contact's history, and infers further events. Pure: never throws, and the same history
   * gives the same result.
   */
  interpret(event: MembershipEvent, history: History): Interpretation
}
