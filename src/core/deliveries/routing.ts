// Which targets want an event.

import type { RelayEvent } from '../events/event.ts'
import type { NewDelivery } from './delivery.ts'
import { describe } from './outcome.ts'
import { type BrokenTarget, isBroken, SETTLING, type Target } from './target.ts'

/** Whether a pattern names a type: the very type, or its beginning before a trailing `*`. */
export function matchesType(pattern: string, type: string): boolean {
  return pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : pattern === type
}

/**
 * Whether a target wants an event. `known`: a correction to what it was told at first. A `where` that fails gives a fault,
 * in words without any data of the event.
 */
export type Wants = 'yes' | 'no' | 'known' | { fault: string }

/**
 * The deliveries of an event. A disabled or broken target gets a held one. A target whose `where` fails gets a delivery
 * too, and is evaluated again when that is due: the event is neither lost nor sent to a target that may not want it. `now`
 * in epoch milliseconds.
 */
export async function route(
  event: RelayEvent,
  targets: readonly (Target | BrokenTarget)[],
  now: number,
): Promise<NewDelivery[]> {
  const deliveries = await Promise.all(targets.map((target) => deliveryFor(event, target, now)))
  return deliveries.filter((delivery) => delivery !== undefined)
}

async function deliveryFor(
  event: RelayEvent,
  target: Target | BrokenTarget,
  now: number,
): Promise<NewDelivery | undefined> {
  const { name } = target
  if (isBroken(target)) {
    return matches(event, target) ? { target: name, state: 'held', reason: 'broken' } : undefined
  }
  const settle = SETTLING.includes(event.type) ? target.settleSeconds : 0
  // The event may change until the delivery is due: then `where` is evaluated.
  const isUnsettled = settle > 0 && target.where !== undefined && isFor(event, target)
  const wants = isUnsettled ? undefined : await evaluateWants(event, target)
  if (wants === 'no') return undefined
  if (!target.enabled) {
    return { target: name, state: 'held', reason: wants === 'yes' ? 'disabled' : 'broken' }
  }
  const due = now + Math.ceil(settle * 1000)
  const reason = wants === 'yes' ? {} : { reason: 'where' as const }
  return { target: name, state: 'pending', due, ...reason }
}

/** Whether a target wants an event, by its types, sources and tests, then by its `where`. */
export async function evaluateWants(event: RelayEvent, target: Target): Promise<Wants> {
  if (!isFor(event, target)) return 'no'
  if (target.where === undefined) return 'yes'
  try {
    return (await target.where(event)) === true ? 'yes' : 'no'
  } catch (error) {
    return { fault: describeFault(error) }
  }
}

/** Whether a target wants an event, apart from its `where`. */
function isFor(event: RelayEvent, target: Target): boolean {
  return matches(event, target) && (!event.test || target.test)
}

/** Whether a target asks for events of this type and source. */
function matches(event: RelayEvent, { events, sources }: Target | BrokenTarget): boolean {
  return (
    events.some((pattern) => matchesType(pattern, event.type)) &&
    (sources === undefined || sources.includes(event.relaysource))
  )
}

/** An error of an expression, in words. JSONata's messages may hold data; its codes and positions do not. */
export function describeFault(error: unknown): string {
  if (error instanceof Error) return describe(error)
  const { code, position } = (error ?? {}) as { code?: string; position?: number }
  return `JSONata error ${code ?? 'unknown'} at ${position ?? 'an unknown place'}`
}
