// Which retention is obeyed. What is deleted does not come back: a shorter one must stand for a day first.
import { HOUR_MS } from '../period.ts'

/** Days that events are kept, and their payloads. */
export type Retention = { days: number; rawDays: number }

/** What D1 remembers: the retention that is obeyed, and a shorter one, configured since then (epoch milliseconds). */
export type RetentionMemory = {
  kept: Retention | undefined
  next: (Retention & { since: number }) | undefined
}

/** How long a shorter retention must stand, without a minute in which another version had a longer one. */
const GRACE_MS = 24 * HOUR_MS

/**
 * The memory after a minute with a configured retention, undefined if that cannot be read: the same object if nothing
 * changes. Its `kept` is what is obeyed; nothing is deleted while there is none. A longer retention is obeyed at once.
 */
export function nextRetention(
  memory: RetentionMemory,
  configured: Retention | undefined,
  now: number,
): RetentionMemory {
  const { kept, next } = memory
  if (configured === undefined) return memory
  if (kept === undefined) return { kept: configured, next: undefined }
  if (!isShorter(configured, kept)) {
    const isKept = isSame(configured, kept) && next === undefined
    return isKept ? memory : { kept: configured, next: undefined }
  }
  if (next === undefined || !isSame(configured, next)) {
    // What is longer in it is obeyed at once.
    const longer = {
      days: Math.max(kept.days, configured.days),
      rawDays: Math.max(kept.rawDays, configured.rawDays),
    }
    return { kept: longer, next: { ...configured, since: now } }
  }
  return now < obeyedFrom(next) ? memory : { kept: configured, next: undefined }
}

/** From when a shorter retention is obeyed, in epoch milliseconds. */
export function obeyedFrom({ since }: { since: number }): number {
  return since + GRACE_MS
}

/** Whether a retention deletes something that another one keeps. */
export function isShorter(one: Retention, other: Retention): boolean {
  return one.days < other.days || one.rawDays < other.rawDays
}

function isSame(one: Retention, other: Retention): boolean {
  return one.days === other.days && one.rawDays === other.rawDays
}
