// What the snapshot knows of a target's deliveries that are late, held, dead or cancelled.
import type { HoldReason } from '../deliveries/delivery.ts'
import { HOUR_MS } from '../period.ts'

/** Deliveries that died in the last 24 hours. Times in epoch milliseconds. */
export type Dead = {
  count: number
  /** Whether there may be more: only the latest are counted. */
  isMore: boolean
  /** When the first of them died. */
  since: number | null
  /** Why the last of them died. */
  reason: string | null
}

/** Held deliveries, by reason: when the event of the oldest was received. */
export type Held = { reason: HoldReason; oldest: number }

/**
 * The oldest waiting delivery of a target, by due time, and its oldest held one, by the event's time received. Epoch
 * milliseconds.
 */
export type OldestWaiting = {
  target: string
  oldestDue: number | null
  oldestHeld: number | null
  /** How many are overdue by more than five minutes. */
  overdue: number
  held: readonly Held[]
}

export type Trouble = {
  /** How many are overdue by more than five minutes. */
  overdue: number
  held: readonly Held[]
  dead: Dead
  /** Which state of the log `dead` was read from: it is read again when that has changed, and each hour. */
  deadAsOf: { total: number; hour: number }
  /** How many were cancelled while the target was not configured, in each of the last hours. */
  cancelled: readonly (readonly [hour: number, count: number])[]
}

export const NONE_DEAD: Dead = { count: 0, isMore: false, since: null, reason: null }

/** A delivery counts as overdue when it is late by more than this. */
export const OVERDUE_MS = 5 * 60_000

/** Whether the dead deliveries must be read again. `total`: how many are in the log. */
export function isDeadOutdated(known: Trouble | undefined, total: number, hour: number): boolean {
  if (total === 0) return false
  return known?.deadAsOf.total !== total || known.deadAsOf.hour !== hour
}

/**
 * How many deliveries were cancelled in each of the last 24 hours because their target was not configured: what their number
 * has grown by since the snapshot before, while it was not.
 */
export function cancelledByHour(
  known: Trouble['cancelled'],
  growth: number,
  hour: number,
): Trouble['cancelled'] {
  const kept = known.filter(([at]) => at > hour - 24)
  if (growth <= 0) return kept
  const now = kept.find(([at]) => at === hour)?.[1] ?? 0
  return [...kept.filter(([at]) => at !== hour), [hour, now + growth]]
}

/** The start of the period that "the last 24 hours" of the figures cover: whole hours. */
export const dayBefore = (now: number) => Math.floor(now / HOUR_MS - 24) * HOUR_MS
