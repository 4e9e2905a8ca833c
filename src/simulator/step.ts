// A step of a journey, and the message that it is.

/** The steps of a journey, in their order; a vendor tells of some by several messages, and of some by none. */
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

/** What can be wrong with a message. */
export const TROUBLES = ['duplicate', 'reordered', 'late', 'drift', 'junk'] as const
export type Trouble = (typeof TROUBLES)[number]

/** A message as a vendor would send it. */
export type SimulatedMessage = {
  /** The vendor's word for what happened; undefined for junk. */
  vendorType: string | undefined
  /** The type as the ingest URL names it, for a vendor whose bodies do not. */
  eventName: string | undefined
  /** What tells this sending from others, the same when it is sent again. */
  deliveryId: string
  /** The body as it is sent. */
  text: string
}

/** A message on its way: about which member (the first is 1), at which step. */
export type Step = {
  member: number
  name: StepName | 'sample'
  message: SimulatedMessage
  /** When it happened by the vendor's clock, in epoch milliseconds. */
  at: number
  /** How long after that the vendor sends it, in milliseconds: this is what orders a plan. */
  delay: number
  /** What is wrong with it. */
  troubles: Trouble[]
}
