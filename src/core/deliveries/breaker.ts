// The circuit breaker of a target: its health after each attempt, and what that means for the next. Arithmetic only.

/**
 * active: gets its deliveries. backing_off: the breaker is open; gets one probe after each cooldown. paused: by its operator.
 * failing: given up after days of failures. gone: it answered 410. The last three end when its operator resumes it.
 */
export const TARGET_STATES = ['active', 'backing_off', 'paused', 'failing', 'gone'] as const
export type TargetState = (typeof TARGET_STATES)[number]

/** Times in epoch milliseconds. */
export type Health = {
  state: TargetState
  /** Failed attempts since the last success. */
  failures: number
  /** When the first of them failed. */
  failingSince: number | undefined
  /** The length of the present or last cooldown. */
  cooldownSeconds: number
  /** When the cooldown ends. */
  probeAt: number | undefined
}

/** A target without any failure. */
export const HEALTHY: Health = {
  state: 'active',
  failures: 0,
  failingSince: undefined,
  cooldownSeconds: 0,
  probeAt: undefined,
}

/** Whether a target's deliveries belong in the queue `retries`, so that waiting for it delays no other target. */
export function isTroubled({ state, failures }: Health): boolean {
  return state !== 'active' || failures > 0
}

/** Failures in a row that open the circuit breaker. */
const MAX_FAILURES = 5

/** The first cooldown; each further one is twice as long, up to the longest. */
const FIRST_COOLDOWN_SECONDS = 30
const LONGEST_COOLDOWN_SECONDS = 600

/** How long a target may fail before it is given up: five days, more than the default schedule. */
export const GIVE_UP_AFTER_MS = 5 * 86_400_000

/** Whether a delivery may be sent now: like any other, as the one probe, or not. `now` in epoch milliseconds. */
export function admission({ state, probeAt }: Health, now: number): 'send' | 'probe' | 'hold' {
  if (state === 'active') return 'send'
  return state === 'backing_off' && probeAt !== undefined && probeAt <= now ? 'probe' : 'hold'
}

/** The health while a probe is in flight: no other is sent until this one must have ended. */
export function whileProbing(health: Health, now: number): Health {
  return {
    ...health,
    probeAt: now + Math.max(health.cooldownSeconds, FIRST_COOLDOWN_SECONDS) * 1000,
  }
}

/**
 * The health after an attempt. A success closes the breaker, but does not undo an operator's pause or a 410. Only a
 * failed probe makes the cooldown longer: attempts in flight when the breaker opened add nothing.
 */
export function afterAttempt(
  health: Health,
  result: 'delivered' | 'failed' | 'gone',
  isProbe: boolean,
  now: number,
): Health {
  const { state } = health
  const isStopped = state === 'paused' || state === 'failing' || state === 'gone'
  if (result === 'delivered') return isStopped ? health : HEALTHY
  const failures = health.failures + 1
  const failingSince = health.failingSince ?? now
  const failed = { ...health, failures, failingSince }
  if (isStopped) return failed
  if (result === 'gone') return { ...failed, state: 'gone', probeAt: undefined }
  if (now - failingSince >= GIVE_UP_AFTER_MS)
    return { ...failed, state: 'failing', probeAt: undefined }
  if (state === 'active' && failures < MAX_FAILURES) return failed
  if (state === 'backing_off' && !isProbe) return failed
  const cooldownSeconds = Math.min(
    Math.max(2 * health.cooldownSeconds, FIRST_COOLDOWN_SECONDS),
    LONGEST_COOLDOWN_SECONDS,
  )
  return { ...failed, state: 'backing_off', cooldownSeconds, probeAt: now + cooldownSeconds * 1000 }
}

/** The health of a target that its operator has paused. */
export function paused(health: Health): Health {
  return { ...health, state: 'paused', probeAt: undefined }
}
