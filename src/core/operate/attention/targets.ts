// What needs attention of a target: its state, and its deliveries that are dead, cancelled, late or held.
import type { TargetState } from '../../deliveries/breaker.ts'
import type { HoldReason } from '../../deliveries/delivery.ts'
import { formatInstant } from '../../events/time.ts'
import type { TargetFigures } from '../../ledger/snapshot.ts'
import { clockTime, pluralize } from '../../text.ts'
import { type Attention, entry } from './entry.ts'

/** A target, its state, and its figures of the last minute. Times in epoch milliseconds. */
export type TargetFacts = {
  name: string
  state: TargetState | 'disabled' | 'broken' | 'unknown' | 'unconfigured'
  /** Why it is broken, or unknown. */
  reason: string | null
  /** Until when the deliveries of an unknown target are held. */
  heldUntil: number | undefined
  failingSince: number | undefined
  nextProbeAt: number | undefined
  figures: TargetFigures | undefined
}

const DAY_MS = 86_400_000

/** The share of attempts of the last hour that must have succeeded, once there were this many. */
const SUCCESS_RATE = 0.9
const MIN_ATTEMPTS = 10

/** What needs attention of a target at `now` (epoch milliseconds). */
export function ofTarget(target: TargetFacts, now: number): Attention[] {
  return [
    ...stateOf(target, now),
    ...deadOf(target, now),
    ...cancelledOf(target),
    ...overdueOf(target, now),
    ...heldOf(target, now),
    ...successRateOf(target),
  ]
}

/** The states of a target that gets no deliveries, as predicates. */
const STATES: Record<string, string> = {
  backing_off: 'is backing off',
  paused: 'is paused',
  failing: 'is stopped after days of failures',
  gone: 'answered 410 Gone',
  broken: 'has a configuration error',
  unknown: 'is unknown',
}

const at = (ms: number, now: number) => clockTime(formatInstant(ms), now)

function stateOf(target: TargetFacts, now: number): Attention[] {
  const { name, state, reason, heldUntil, failingSince, nextProbeAt, figures } = target
  if (!(state in STATES)) return []
  const { held = 0, retrying = 0 } = figures?.deliveries ?? {}
  const last = figures?.lastFailure
  const answer = last ? ` with ${last.status ?? last.outcome}` : ''
  const predicate = STATES[state]
  const problem =
    failingSince === undefined
      ? predicate
      : `has been failing since ${at(failingSince, now)}${answer}` +
        (state === 'backing_off' ? '' : `, and ${predicate}`)
  const waiting = held + retrying
  const parts = [
    reason === null ? [] : [reason],
    waiting === 0 ? [] : [`${pluralize(waiting, 'delivery is', 'deliveries are')} waiting`],
    nextProbeAt === undefined ? [] : [`next probe ${at(nextProbeAt, now)}`],
    heldUntil === undefined ? [] : [`held until ${at(heldUntil, now)}`],
  ].flat()
  const words = [`${name} ${problem}`, parts.join('; ')].filter(Boolean).join(': ')
  return entry('target_state', 'target', name, `${words}.`)
}

function deadOf({ name, figures }: TargetFacts, now: number): Attention[] {
  const { count = 0, isMore = false, since = null, reason = null } = figures?.trouble?.dead ?? {}
  if (count === 0 || since === null) return []
  const number = `${count}${isMore ? ' or more' : ''} ${count === 1 ? 'delivery' : 'deliveries'}`
  const why = reason === null ? '' : `; the last one: ${reason}`
  const words = `${number} to ${name} died in the last 24 hours, since ${at(since, now)}${why}.`
  return entry('deliveries_dead', 'target', name, words)
}

function cancelledOf({ name, figures }: TargetFacts): Attention[] {
  const hours = figures?.trouble?.cancelled ?? []
  const count = hours.reduce((sum, [, own]) => sum + own, 0)
  if (count === 0) return []
  const were = pluralize(count, 'delivery', 'deliveries')
  const words = `${were} to ${name} ended as cancelled in the last 24 hours, because it is not configured.`
  return entry('deliveries_cancelled', 'target', name, words)
}

function overdueOf({ name, figures }: TargetFacts, now: number): Attention[] {
  const overdue = figures?.trouble?.overdue ?? 0
  const oldest = figures?.oldestDue ?? null
  if (overdue === 0 || oldest === null) return []
  const are = pluralize(overdue, 'delivery', 'deliveries')
  const words = `${are} to ${name} ${overdue === 1 ? 'is' : 'are'} overdue by more than 5 minutes, the oldest since ${at(oldest, now)}.`
  return entry('deliveries_overdue', 'target', name, words)
}

/** Why deliveries are held, as a clause. */
const REASONS: Record<HoldReason, string> = {
  disabled: 'it is disabled',
  broken: 'it has a configuration error',
  order: 'an earlier event of the person is not delivered',
  backing_off: 'it is backing off',
  paused: 'it is paused',
  failing: 'it is stopped after days of failures',
  gone: 'it answered 410 Gone',
  unknown: 'it is not configured',
}

function heldOf({ name, figures }: TargetFacts, now: number): Attention[] {
  const long = (figures?.trouble?.held ?? []).filter(({ oldest }) => now - oldest > DAY_MS)
  const [first] = long
  if (first === undefined) return []
  const reasons = long.map(({ reason }) => REASONS[reason] ?? reason).join('; ')
  const words = `Deliveries to ${name} are held for longer than a day, since ${at(first.oldest, now)}: ${reasons}.`
  return entry('deliveries_held', 'target', name, words)
}

function successRateOf({ name, state, figures }: TargetFacts): Attention[] {
  if (state !== 'active' || figures === undefined) return []
  const { made, delivered } = figures.hour
  if (made < MIN_ATTEMPTS || delivered >= SUCCESS_RATE * made) return []
  const words = `Only ${delivered} of ${made} attempts at ${name} succeeded in this hour and the last.`
  return entry('success_rate', 'target', name, words)
}
