// The queue's messages as statements return them.
import type { DeliveryMessage } from '../../core/deliveries/delivery.ts'
import { idOfKey } from '../../core/id.ts'

/** What a statement returns of a delivery for which an alarm is to be set. */
export type MessageRow = { key: string; target: string; attempt: number; due: number }

/** The message of a row that a statement returns. */
export function messageOf({ key, ...message }: MessageRow): DeliveryMessage {
  return { event: idOfKey(key), ...message }
}
