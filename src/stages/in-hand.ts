// What this isolate handles at the moment: a message that a queue hands over twice meanwhile needs nobody else.
// Between isolates leases stand for this (core/lateness.ts); a first attempt that is on time has none, as each is a row.
import type { DeliveryMessage } from '../core/delivery.ts'

/** Messages in hand. */
export type InHand = {
  /**
   * Whether D1 took what was last to be recorded. Until it has, answers are recorded before more requests go out: what
   * is sent and not recorded is sent again.
   */
  takesRecords: boolean
  /**
   * Takes a message in hand, until `until` at the longest (epoch milliseconds); gives what lets it go. Undefined when
   * the same message is in hand already.
   */
  take: (message: DeliveryMessage, until: number, now: number) => (() => void) | undefined
}

/** Remembers what is in hand. A batch that the platform cut off never lets go: hence the time. */
export function createInHand(): InHand {
  const taken = new Map<string, { until: number }>()
  return {
    takesRecords: false,
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
