// The messages that this isolate is handling: a copy of one that a queue delivers meanwhile is not handled.
// Between isolates leases do this (core/deliveries/lease.ts); a first attempt on time has none, as each costs a row.
import type { DeliveryMessage } from '../../core/deliveries/delivery.ts'

/** The messages in flight of an isolate, and whether D1 takes what comes of them. */
export type InFlight = {
  /**
   * Adds a message, until `until` at the longest (epoch milliseconds), and returns the function that removes it.
   * Undefined when the same message is in flight already.
   */
  add: (message: DeliveryMessage, until: number, now: number) => (() => void) | undefined
  /** Runs a write of records, and remembers whether it succeeded. */
  observeWrite: <T>(write: () => Promise<T>) => Promise<T>
  /**
   * Whether D1 takes records, as far as this isolate knows: the last write succeeded, and none is running. After a batch
   * that the platform cut off in a write it is never sure again, which costs time only.
   */
  isD1Writable: () => boolean
}

/** The messages in flight of a new isolate. A batch that the platform cut off never removes its own: hence the time. */
export function createInFlight(): InFlight {
  const messages = new Map<string, { until: number }>()
  let writes = 0
  let hasSucceeded = false
  return {
    observeWrite: async (write) => {
      writes++
      try {
        const written = await write()
        hasSucceeded = true
        return written
      } catch (error) {
        hasSucceeded = false
        throw error
      } finally {
        writes--
      }
    },
    isD1Writable: () => hasSucceeded && writes === 0,
    add: ({ event, target, attempt, due }, until, now) => {
      for (const [key, other] of messages) if (other.until < now) messages.delete(key)
      const key = JSON.stringify([event, target, attempt, due])
      if (messages.has(key)) return undefined
      const own = { until }
      messages.set(key, own)
      return () => {
        if (messages.get(key) === own) messages.delete(key)
      }
    },
  }
}
