// The steps of a journey and their messages.

/** The steps of a journey, in order. A vendor sends one or more messages for a step, or none. */
export const STEP_NAMES = [
  'join',
  'first_checkin',
  'status_change',
  'failed_payment',
  'recovered',
  'plan_switch',
  'cancelled',
] as const
export type StepName = (typeof STEP_NAMES)[number]

/** The troubles that a message can have. */
export const TROUBLES = ['duplicate', 'reordered', 'late', 'drift', 'junk'] as const
export type Trouble = (typeof TROUBLES)[number]

/** A message as a vendor sends it. */
export type SimulatedMessage = {
  /** The vendor's event type; undefined for junk. */
  vendorType: string | undefined
  /** The event type in the ingest URL, for a vendor whose bodies do not contain it. */
  eventName: string | undefined
  /** The vendor's id of this delivery, unchanged in a repeat. */
  deliveryId: string
  /** The body. */
  text: string
}

/** A message of a plan: the number of the member (from 1) and the step. */
export type Step = {
  member: number
  name: StepName | 'sample'
  message: SimulatedMessage
  /** When it happened, in epoch milliseconds. */
  at: number
  /** How long after that the vendor sends it, in milliseconds. A plan is sorted by the time of sending. */
  delay: number
  /** The troubles of the message. */
  troubles: Trouble[]
}
