// Which targets want an event.
import type { PlannedDelivery } from './delivery.ts'
import type { RelayEvent } from './event.ts'
import { type BrokenTarget, type Expression, isBroken, SETTLING, type Target } from './target.ts'

/** Whether a pattern names a type: the very type, or its beginning before a trailing `*`. */
export function matchesType(pattern: string, type: string): boolean {
  return pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : pattern === type
}

/**
 * Plans an event's deliveries. What a disabled or broken target would get is held for it, and so is an event on
 * which a `where` expression fails: neither lost nor sent to somebody who may not want it. `now` in epoch
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
  if (!target.events.some((pattern) => matchesType(pattern, event.type))) return undefined
  if (target.sources && !target.sources.includes(event.relaysource)) return undefined
  if (isBroken(target)) return { target: name, state: 'held', reason: 'broken' }
  if (event.test && !target.test) return undefined
  if (target.where) {
    const verdict = await evaluate(target.where, event)
    if (verdict === undefined) return { target: name, state: 'held', reason: 'where' }
    if (!verdict) return undefined
  }
  if (!target.enabled) return { target: name, state: 'held', reason: 'disabled' }
  const settle = SETTLING.includes(event.type) ? target.settleSeconds : 0
  return { target: name, state: 'pending', due: now + settle * 1000 }
}

/** Whether the expression is true of the event; undefined when it fails. */
async function evaluate(where: Expression, event: RelayEvent): Promise<boolean | undefined> {
  try {
    return (await where(event)) === true
  } catch {
    return undefined
  }
}
