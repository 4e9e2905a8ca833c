// Which targets want an event.

import type { RelayEvent } from '../events/event.ts'
import type { PlannedDelivery } from './delivery.ts'
import { describe } from './outcome.ts'
import { type BrokenTarget, isBroken, SETTLING, type Target } from './target.ts'

/** Whether a pattern names a type: the very type, or its beginning before a trailing `*`. */
export function matchesType(pattern: string, type: string): boolean {
  return pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : pattern === type
}

/**
 * Plans an event's deliveries. What a disabled or broken target would get is held for it; one on which a `where` fails
 * is planned, and asked again when it is due: neither lost nor sent to somebody who may not want it. `now` in epoch
 * milliseconds.
 */
export async function route(
  event: RelayEvent,
  targets: readonly (Target | BrokenTarget)[],
  now: number,
): Promise<PlannedDelivery[]> {
  const plans = await Promise.all(targets.map((target) => plan(event, target, now)))
  return plans.filter((planned) => planned !== undefined)
}

async function plan(
  event: RelayEvent,
  target: Target | BrokenTarget,
  now: number,
): Promise<PlannedDelivery | undefined> {
  const { name } = target
  if (isBroken(target)) {
    return matches(event, target) ? { target: name, state: 'held', reason: 'broken' } : undefined
  }
  const settle = SETTLING.includes(event.type) ? target.settleSeconds : 0
  // What it says may change until it is due: then it is asked for.
  const said = await wishFor(event, target)
  const wish = settle > 0 && target.where && isFor(event, target) ? 'later' : said
  if (wish === 'no') return undefined
  if (!target.enabled) {
    return { target: name, state: 'held', reason: wish === 'yes' ? 'disabled' : 'broken' }
  }
  const due = now + Math.ceil(settle * 1000)
  const reason = wish === 'yes' ? {} : { reason: 'where' as const }
  return { target: name, state: 'pending', due, ...reason }
}

/** Whether a target wants an event; or why its `where` cannot say, in words without anything of the event. */
export async function wishFor(
  event: RelayEvent,
  target: Target,
): Promise<'yes' | 'no' | { fault: string }> {
  if (!isFor(event, target)) return 'no'
  if (target.where === undefined) return 'yes'
  try {
    return (await target.where(event)) === true ? 'yes' : 'no'
  } catch (error) {
    return { fault: describeFault(error) }
  }
}

/** Whether an event is for a target, apart from what its `where` says. */
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

/** What was wrong with an expression. JSONata's errors carry codes and places, and their messages perhaps data. */
export function describeFault(error: unknown): string {
  if (error instanceof Error) return describe(error)
  const { code, position } = (error ?? {}) as { code?: string; position?: number }
  return `JSONata error ${code ?? 'unknown'} at ${position ?? 'an unknown place'}`
}
