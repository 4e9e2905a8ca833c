// The relay's own event about a target whose state changed.
import type { NewSystemEvent, RelayEventType } from '../events/system-event.ts'
import { formatInstant } from '../events/time.ts'
import { type Health, nextProbeAt, type TargetState } from './breaker.ts'

const TYPE_OF_STATE: Record<TargetState, RelayEventType> = {
  active: 'relay.target_recovered',
  backing_off: 'relay.target_backing_off',
  paused: 'relay.target_paused',
  failing: 'relay.target_failing',
  gone: 'relay.target_gone',
}

/** What is said when a target's health has become another; `resumed` when its operator did that. */
export function targetChange(target: string, health: Health, isResumed = false): NewSystemEvent {
  const { state, failures, failingSince, timesBackedOff } = health
  const probeAt = nextProbeAt(health)
  const data = {
    target,
    state,
    failures,
    failing_since: failingSince === undefined ? null : formatInstant(failingSince),
    next_probe_at: probeAt === undefined ? null : formatInstant(probeAt),
    times_backed_off: timesBackedOff,
  }
  return { type: isResumed ? 'relay.target_resumed' : TYPE_OF_STATE[state], data } as NewSystemEvent
}
