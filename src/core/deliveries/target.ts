// A target: one configured receiver.
import type { RelayEvent } from '../events/event.ts'
import type { EventType } from '../events/vocabulary.ts'

/** A compiled JSONata expression over an event. */
export type Expression = (event: RelayEvent) => Promise<unknown>

export type Target<Format extends string = string> = {
  name: string
  url: string
  /** Exact event types, or prefixes that end in `*`. */
  events: string[]
  /** Source names; all when undefined. */
  sources: string[] | undefined
  where: Expression | undefined
  format: Format
  transform: Expression | undefined
  /** The media type by which it gets its bodies; that of the format when undefined. */
  contentType: string | undefined
  /** `whsec_…` secrets; every one signs. Empty: unsigned. */
  secrets: string[]
  headers: [name: string, value: string][]
  /** What it gets of sensitive fields and open parts (core/events/privacy.ts). */
  include: string[]
  /** Seconds to wait after each failed attempt; its length is the number of retries. */
  retry: readonly number[]
  timeoutSeconds: number
  /** The least time between two requests, in milliseconds; none when undefined. */
  intervalMs: number | undefined
  settleSeconds: number
  /** Whether the events of one contact reach it in their order. */
  ordered: boolean
  /** How long the later deliveries of a contact wait for one that an ordered target refuses as a message. */
  orderWaitSeconds: number
  /** Whether test events are sent to it. */
  test: boolean
  enabled: boolean
}

/** A target with an error in its configuration. Its deliveries are held. */
export type BrokenTarget = {
  name: string
  events: string[]
  sources: string[] | undefined
  broken: string
}

/** True for a target with an error in its configuration. */
export function isBroken<T extends Target>(target: T | BrokenTarget): target is BrokenTarget {
  return 'broken' in target
}

/** Event types that wait `settleSeconds`: later events may change their meaning. */
export const SETTLING: readonly string[] = ['subscription.ended'] satisfies EventType[]

/** Whether patterns of event types name the relay's own events. Only such targets get events about operators. */
export function namesRelayEvents(patterns: readonly string[]): boolean {
  return patterns.some((pattern) => pattern.startsWith('relay.'))
}
