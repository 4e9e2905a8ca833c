// Why a delivery is where it is, in words.
import type { HoldReason } from '../core/deliveries/delivery.ts'

const REASONS: Record<HoldReason | 'rate' | 'where', [why: string, then?: string]> = {
  open: ['its target is given rest', 'it goes out once that answers again'],
  paused: ['its target is paused', 'it goes out when somebody resumes that'],
  failing: ['its target failed for days', 'it goes out when somebody resumes that'],
  gone: ['its target said that it is gone (410)', 'it goes out when somebody resumes that'],
  disabled: ['its target is disabled', 'it goes out when that is enabled'],
  broken: ['its target is not configured completely', 'it goes out when that is mended'],
  order: ['an earlier one of the same person goes first'],
  rate: ['it waits for its turn at the rate of its target'],
  where: ['its target is asked again whether it wants it'],
}

/** A reason as a reader understands it, in few words; one that is told in words already stays. */
export function inShort(reason: string): string {
  return REASONS[reason as keyof typeof REASONS]?.[0] ?? reason
}

/** A reason, and what it waits for. */
export function inWords(reason: string): string {
  return REASONS[reason as keyof typeof REASONS]?.join('; ') ?? reason
}

/** Words as a sentence. */
export function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`
}

/** When it is tried next; null for what is held, whose due time waits for something else. */
export function nextTry(state: string, due: string | null): string | null {
  return state === 'held' ? null : due
}
