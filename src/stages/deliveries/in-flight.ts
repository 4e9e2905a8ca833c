// What this isolate handles at the moment: a message that a queue hands over twice meanwhile needs nobody else.
// Between isolates leases stand for this (core/deliveries/lease.ts); a first attempt that is on time has none, as each is a row.
import type { DeliveryMessage } from '../../core/deliveries/delivery.ts'

/** Messages in hand, and what becomes of their records. */
export type InHand = {
  /**
   * Takes a message in hand, until `until` at the longest (epoch milliseconds); gives what lets it go. Undefined when
   * the same message is in hand already.
   */
  take: (message: DeliveryMessage, until: number, now: number) => (() => void) | undefined
  /** Does a write of records, and learns from it whether D1 takes them. */
  recording: (write: () => Promise<void>) => Promise<void>
  /**
   * Whether D1 takes records as far as this isolate knows: it took those of the last write that ended, and none is under
   * way. After a batch that the platform cut off in a write it is never sure again, which costs no more than time.
   */
  areRecordsTaken: () => boolean
}

/** Remembers what is in hand. A batch that the platform cut off never lets go: hence the time. */
export function createInHand(): InHand {
  const taken = new Map<string, { until: number }>()
  let writes = 0
  let wasTaken = false
  return {
    recording: async (write) => {
      writes++
      try {
        await write()
        wasTaken = true
      } catch (error) {
        wasTaken = false
        throw error
      } finally {
        writes--
      }
    },
    areRecordsTaken: () => wasTaken && writes === 0,
    take: ({ event, target, attempt, due }, until, now) => {
      for (const [key, other] of taken) if (other.until < now) taken.delete(key)
      const key = JSON.stringify([event, target, attempt, due])
      if (taken.has(key)) return undefined
      const mine = { until }
      taken.set(key, mine)
      return () => {
        if (taken.get(key) === mine) taken.delete(key)
      }
    },
  }
}
