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
  /** When the first of them failed, or the first after a day without a failure. */
  failingSince: number | undefined
  /** When the last of them failed. */
  lastFailedAt: number | undefined
  /** The length of the present or last cooldown. */
  cooldownSeconds: number
  /** Until then nothing is sent, then one probe: the end of the cooldown, or of the time that a probe in flight may take. */
  probeAt: number | undefined
  /** The same, as it asked with a `Retry-After`. No success ends this. */
  restUntil: number | undefined
  /** How often it has backed off since that was reported; 0 when its last recovery is reported too. */
  timesBackedOff: number
  /** Since when it is well again, while its recovery is not reported yet. */
  wellSince: number | undefined
}

/** A target without any failure. */
export const HEALTHY: Health = {
  state: 'active',
  failures: 0,
  failingSince: undefined,
  lastFailedAt: undefined,
  cooldownSeconds: 0,
  probeAt: undefined,
  restUntil: undefined,
  timesBackedOff: 0,
  wellSince: undefined,
}

/** Whether a target's deliveries belong in the queue `retries`, so that waiting for it delays no other target. */
export function isTroubled(health: Health): boolean {
  return health.state !== 'active' || health.failures > 0 || nextProbeAt(health) !== undefined
}

/** When the next probe may be sent, in epoch milliseconds; undefined when none is due. */
export function nextProbeAt({ probeAt, restUntil }: Health): number | undefined {
  return probeAt === undefined ? restUntil : Math.max(probeAt, restUntil ?? 0)
}

/** Failures in a row that open the circuit breaker. */
const MAX_FAILURES = 5

/** The first cooldown; each further one is twice as long, up to the longest. */
const FIRST_COOLDOWN_SECONDS = 30
const LONGEST_COOLDOWN_SECONDS = 600

const DAY_MS = 86_400_000

/** How long a target may fail, on each day (UTC), before it is given up: five days, more than the default schedule. */
export const GIVE_UP_AFTER_MS = 5 * DAY_MS

/** How long a target must be well before its recovery is reported: longer than the longest cooldown. */
export const WELL_AFTER_MS = 15 * 60_000

/** Whether its operator must resume it. */
function isStopped(state: TargetState): boolean {
  return state === 'paused' || state === 'failing' || state === 'gone'
}

/**
 * Whether a delivery may be sent now: like any other, as the one probe, or not. `now` in epoch milliseconds. `hasClaim`:
 * the delivery has claimed the probe already.
 */
export function admission(
  health: Health,
  now: number,
  hasClaim = false,
): 'send' | 'probe' | 'hold' {
  const { state, restUntil = 0 } = health
  if (isStopped(state) || restUntil > now) return 'hold'
  const next = nextProbeAt(health)
  if (next === undefined) return state === 'active' ? 'send' : 'hold'
  return hasClaim || next <= now ? 'probe' : 'hold'
}

/** The health while a probe is in flight that is sent at `at`: no other is sent until this one must have ended. */
export function whileProbing(health: Health, at: number): Health {
  const cooldownSeconds = Math.max(health.cooldownSeconds, FIRST_COOLDOWN_SECONDS)
  return { ...health, probeAt: at + cooldownSeconds * 1000 }
}

/**
 * What an attempt says of its target. refused: it answered that the message is wrong, so it is up. uncounted: a failure
 * that does not count. `retryAfterSeconds`: what a `Retry-After` asked for.
 */
export type Verdict = {
  result: 'delivered' | 'refused' | 'failed' | 'uncounted' | 'gone'
  isProbe: boolean
  retryAfterSeconds?: number | undefined
}

/**
 * The health after an attempt, the same object if nothing changes. Any answer that proves the target to be up closes the
 * breaker, but does not undo an operator's pause or a 410. Only a failed probe makes the cooldown longer: attempts in
 * flight when the breaker opened add nothing.
 */
export function afterAttempt(health: Health, verdict: Verdict, now: number): Health {
  const next = withResult(health, verdict, now)
  const { retryAfterSeconds = 0 } = verdict
  if (retryAfterSeconds <= 0 || isStopped(next.state)) return next
  return { ...next, restUntil: Math.max(next.restUntil ?? 0, now + retryAfterSeconds * 1000) }
}

function withResult(health: Health, { result, isProbe }: Verdict, now: number): Health {
  const { state } = health
  if (result === 'uncounted') return health
  if (result === 'delivered' || result === 'refused') return withProof(health, now)
  const failed = withFailure(health, now)
  if (isStopped(state)) return failed
  if (result === 'gone')
    return { ...failed, state: 'gone', probeAt: undefined, restUntil: undefined }
  if (now - (failed.failingSince ?? now) >= GIVE_UP_AFTER_MS)
    return { ...failed, state: 'failing', probeAt: undefined, restUntil: undefined }
  if (state === 'active' && failed.failures < MAX_FAILURES)
    return isProbe ? { ...failed, probeAt: undefined, restUntil: restAfter(health, now) } : failed
  if (state === 'backing_off' && !isProbe) return failed
  const cooldownSeconds = Math.min(
    Math.max(2 * health.cooldownSeconds, FIRST_COOLDOWN_SECONDS),
    LONGEST_COOLDOWN_SECONDS,
  )
  return {
    ...failed,
    state: 'backing_off',
    cooldownSeconds,
    probeAt: now + cooldownSeconds * 1000,
    timesBackedOff: failed.timesBackedOff + (state === 'active' ? 1 : 0),
    wellSince: undefined,
  }
}

/** The health of a target that has just proved to be up. */
function withProof(health: Health, now: number): Health {
  const { state, timesBackedOff, wellSince } = health
  const rested = { ...HEALTHY, restUntil: restAfter(health, now) }
  if (state === 'backing_off' || state === 'failing') {
    return { ...rested, timesBackedOff: Math.max(1, timesBackedOff), wellSince: now }
  }
  const isUnchanged =
    health.failures === 0 && health.probeAt === undefined && health.restUntil === rested.restUntil
  return isUnchanged ? health : { ...rested, state, timesBackedOff, wellSince }
}

/** What remains of the rest that a target asked for. */
function restAfter({ restUntil }: Health, now: number): number | undefined {
  return restUntil !== undefined && restUntil > now ? restUntil : undefined
}

/** One failure more. After a day (UTC) without one, failing begins again. */
function withFailure(health: Health, now: number): Health {
  const last = health.lastFailedAt ?? health.failingSince ?? now
  const isGap = Math.floor(now / DAY_MS) - Math.floor(last / DAY_MS) > 1
  const failingSince = isGap ? now : (health.failingSince ?? now)
  return { ...health, failures: health.failures + 1, failingSince, lastFailedAt: now }
}

/** The health once its recovery is reported; the same object if it is not to be reported now. */
export function afterReport(health: Health, now: number): Health {
  const { state, wellSince = Number.POSITIVE_INFINITY } = health
  if (state !== 'active' || now - wellSince < WELL_AFTER_MS) return health
  return { ...health, timesBackedOff: 0, wellSince: undefined }
}

/** The health of a target that its operator has paused. */
export function paused(health: Health): Health {
  return { ...health, state: 'paused', probeAt: undefined, restUntil: undefined }
}
