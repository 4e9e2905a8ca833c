// The reasons why a delivery waits, as texts.
import type { HoldReason } from '../core/deliveries/delivery.ts'

type Reason = HoldReason | 'rate' | 'probe' | 'where'

/** For lists, beside the state and the name of the target; the others are shown as they are. */
const SHORT: Record<string, string> = {
  backing_off: 'backing off',
  failing: 'failed for days',
  gone: 'gone (410)',
  broken: 'misconfigured',
  unknown: 'target not configured',
  order: 'after an earlier delivery',
  rate: 'rate limit',
  probe: 'the next probe',
  where: '"where" to be evaluated',
}

/** In full, for a target. */
const FULL: Record<Reason, (target: string) => string> = {
  backing_off: (target) => `On hold: ${target} is failing. Sent as soon as ${target} recovers.`,
  paused: (target) => `On hold: ${target} is paused. Sent when it is resumed.`,
  failing: (target) => `On hold: ${target} failed for days. Sent when it is resumed.`,
  gone: (target) => `On hold: ${target} answered 410 Gone. Sent when it is resumed.`,
  disabled: (target) => `On hold: ${target} is disabled. Sent when it is enabled.`,
  broken: (target) =>
    `On hold: the configuration of ${target} has an error. Sent when it is fixed.`,
  unknown: (target) =>
    `On hold: ${target} is not configured. Cancelled after a day, unless ${target} is configured again.`,
  order: () => 'Waits for an earlier delivery of the same person.',
  rate: (target) => `Waits for the rate limit of ${target}.`,
  probe: (target) => `Is the next probe of ${target}, as soon as its rate limit allows.`,
  where: (target) => `"where" of ${target} is evaluated before it is sent.`,
}

const isReason = (reason: string): reason is Reason => reason in FULL

/** A reason in a few words; any other text as it is. */
export function shortReason(reason: string): string {
  return SHORT[reason] ?? reason
}

/** A reason as a sentence: why the delivery waits and until when; any other text with a capital and a full stop. */
export function fullReason(reason: string, target: string): string {
  if (isReason(reason)) return FULL[reason](target)
  return `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`
}
