// The troubles of the targets of a snapshot, from those of the snapshot before and what was read of the log.
import type { Snapshot } from './snapshot.ts'
import {
  cancelledByHour,
  type Dead,
  isDeadOutdated,
  NONE_DEAD,
  type OldestWaiting,
  type Trouble,
} from './trouble.ts'

/** The targets whose dead deliveries must be read again, as far as the snapshot before tells. */
export function targetsToRead(snapshot: Snapshot, known: Snapshot | undefined): string[] {
  return snapshot.targets
    .filter(({ name, deliveries }) => {
      const before = known?.targets.find((target) => target.name === name)
      return isDeadOutdated(before?.trouble, deliveries.dead, snapshot.hour)
    })
    .map(({ name }) => name)
}

/** A snapshot with the troubles of its targets. `dead`: those that were read again; `configured`: names of targets. */
export function withTroubles(
  snapshot: Snapshot,
  known: Snapshot | undefined,
  inputs: {
    waiting: readonly OldestWaiting[]
    dead: ReadonlyMap<string, Dead>
    configured: readonly string[]
  },
): Snapshot {
  const { hour } = snapshot
  const targets = snapshot.targets.map((target) => {
    const { name, deliveries } = target
    const before = known?.targets.find((one) => one.name === name)
    const waiting = inputs.waiting.find((one) => one.target === name)
    const read = inputs.dead.get(name)
    const growth =
      before === undefined || inputs.configured.includes(name)
        ? 0
        : deliveries.cancelled - before.deliveries.cancelled
    const isNone = deliveries.dead === 0
    const trouble: Trouble = {
      overdue: waiting?.overdue ?? 0,
      held: waiting?.held ?? [],
      dead: read ?? (isNone ? NONE_DEAD : (before?.trouble?.dead ?? NONE_DEAD)),
      deadAsOf: { total: deliveries.dead, hour: isNone ? 0 : hour },
      cancelled: cancelledByHour(before?.trouble?.cancelled ?? [], growth, hour),
    }
    return { ...target, trouble }
  })
  return { ...snapshot, targets }
}
