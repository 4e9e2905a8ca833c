// A test event for one target, tried at once: whether it can be reached, and what it answers.
import type { ConfiguredTarget } from '../../config.ts'
import type { Attempt } from '../../core/deliveries/delivery.ts'
import { composeSystemEvent } from '../../core/events/system-event.ts'
import type { EventId } from '../../core/id.ts'
import type { Env } from '../../env.ts'
import { loadOwed, updateDeliveries } from '../../store/deliveries/deliveries.ts'
import { recordEvents } from '../../store/intake/records.ts'
import { type AttemptTools, attemptDelivery } from '../deliveries/attempt.ts'
import { freshId, type HealthTools, recordOf } from '../deliveries/health.ts'
import { attemptOf } from '../deliveries/record-outcome.ts'

/** What came of it; the event and its delivery are in the log like any other. */
export type Tried = { event: EventId; delivered: boolean; attempt: Attempt }

/**
 * Sends a test event to a target, whatever its state and whichever events it wants, and waits for the answer. It is
 * tried once, and says nothing of the target's health. Throws when D1 does not record it.
 */
export async function tryTarget(
  { DB }: Pick<Env, 'DB'>,
  target: ConfiguredTarget,
  tools: HealthTools & AttemptTools,
): Promise<Tried> {
  const { name } = target
  const event = composeSystemEvent(freshId(tools), { type: 'relay.test', data: { target: name } })
  const due = tools.now()
  const planned = [{ target: name, state: 'pending' as const, due }]
  await recordEvents(DB, [await recordOf(event, planned)])
  const wanted = { event: event.id, target: name, attempt: 1, due, raw: false, order: false }
  const { owed } = await loadOwed(DB, [{ ...wanted, lease: undefined }], due)
  const [delivery] = owed
  if (delivery === undefined) throw new Error('the test event was not recorded')
  const startedAt = tools.now()
  const { outcome } = await attemptDelivery(target, delivery, tools)
  const attempt = attemptOf(outcome, 1, startedAt)
  const delivered = outcome.error === undefined
  await updateDeliveries(DB, [
    {
      event: event.id,
      target: name,
      attempt: 1,
      state: delivered ? 'delivered' : 'cancelled',
      reason: delivered ? undefined : 'a test is tried once',
      made: attempt,
    },
  ])
  return { event: event.id, delivered, attempt }
}
