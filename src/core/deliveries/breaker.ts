// A target's health: how its attempts fared lately, and what that means for the next. Arithmetic only.

/**
 * active: gets what it is owed. open: in trouble, gets one probe when its rest is over. paused: by its operator.
 * failing: given up on after days. gone: it answered 410. The last three end when its operator resumes it.
 */
export const TARGET_STATES = ['active', 'open', 'paused', 'failing', 'gone'] as const
export type TargetState = (typeof TARGET_STATES)[number]

/** Times in epoch milliseconds. */
export type Health = {
  state: TargetState
  /** Failed attempts since the last success. */
  failures: number
  /** When the first of them failed. */
  failingSince: number | undefined
  /** How long the last rest was, or is. */
  restSeconds: number
  /** When the rest is over. */
  probeAt: number | undefined
}

/** A target of which nothing bad is known. */
export const HEALTHY: Health = {
  state: 'active',
  failures: 0,
  failingSince: undefined,
  restSeconds: 0,
  probeAt: undefined,
}

/** Whether a target's deliveries belong into the lane for trouble, so that waiting for it costs nobody else. */
export function isTroubled({ state, failures }: Health): boolean {
  return state !== 'active' || failures > 0
}

/** Failures in a row after which a target is given rest. */
export const MAX_FAILURES = 5

/** The first rest; each further one is twice as long, up to the longest. */
export const FIRST_REST_SECONDS = 30
export const LONGEST_REST_SECONDS = 600

/** For how long a target may fail before it is given up on: five days, more than the default schedule. */
export const GIVE_UP_AFTER_MS = 5 * 86_400_000

/** What may be done with a delivery now: send it, send it as the one probe, or hold it. */
export function admit({ state, probeAt }: Health, now: number): 'send' | 'probe' | 'hold' {
  if (state === 'active') return 'send'
  return state === 'open' && probeAt !== undefined && probeAt <= now ? 'probe' : 'hold'
}

/** The health while a probe is under way: nobody else probes until this one could have ended. */
export function whileProbing(health: Health, now: number): Health {
  return { ...health, probeAt: now + Math.max(health.restSeconds, FIRST_REST_SECONDS) * 1000 }
}

/**
 * The health after an attempt. A success mends what the breaker did, never what an operator or a 410 decided. Only a
 * failed probe makes the rest longer: attempts that were under way when the breaker opened say nothing new.
 */
export function afterAttempt(
  health: Health,
  result: 'delivered' | 'failed' | 'gone',
  isProbe: boolean,
  now: number,
): Health {
  const { state } = health
  const isSettled = state === 'paused' || state === 'failing' || state === 'gone'
  if (result === 'delivered') return isSettled ? health : HEALTHY
  const failures = health.failures + 1
  const failingSince = health.failingSince ?? now
  const failed = { ...health, failures, failingSince }
  if (isSettled) return failed
  if (result === 'gone') return { ...failed, state: 'gone', probeAt: undefined }
  if (now - failingSince >= GIVE_UP_AFTER_MS)
    return { ...failed, state: 'failing', probeAt: undefined }
  if (state === 'active' && failures < MAX_FAILURES) return failed
  if (state === 'open' && !isProbe) return failed
  const restSeconds = Math.min(
    Math.max(2 * health.restSeconds, FIRST_REST_SECONDS),
    LONGEST_REST_SECONDS,
  )
  return { ...failed, state: 'open', restSeconds, probeAt: now + restSeconds * 1000 }
}

/** The health after its operator paused a target. */
export function paused(health: Health): Health {
  return { ...health, state: 'paused', probeAt: undefined }
}
