// The queue messages of deliveries, from the rows that statements return.
import type { DeliveryMessage } from '../../core/deliveries/delivery.ts'
import { idOfKey } from '../../core/id.ts'

/** A row of a statement that makes deliveries due: it has what the wake-up message of each needs. */
export type MessageRow = { key: string; target: string; attempt: number; due: number }

/** Returns the wake-up message of a row. */
export function messageOf({ key, ...message }: MessageRow): DeliveryMessage {
  return { event: idOfKey(key), ...message }
}
