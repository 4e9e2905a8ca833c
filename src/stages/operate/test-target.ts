// A test event for one target, sent at once: whether the target can be reached, and its response.
import type { ConfiguredTarget } from '../../config.ts'
import type { Attempt } from '../../core/deliveries/delivery.ts'
import { wordsOfTest } from '../../core/deliveries/test-answer.ts'
import { composeSystemEvent } from '../../core/events/system-event.ts'
import type { EventId } from '../../core/id.ts'
import type { Env, Tools } from '../../env.ts'
import { needsRaw } from '../../formats/index.ts'
import { loadDueDeliveries, updateDeliveries } from '../../store/deliveries/deliveries.ts'
import { recordEvents, writeAnew } from '../../store/intake/records.ts'
import { attemptDelivery } from '../deliveries/attempt.ts'
import { newSystemEventId, systemEventRecord } from '../deliveries/system-events.ts'

/**
 * The result of a test. The event and its delivery are in the log like any other. `words`: what came back and what it says,
 * in sentences.
 */
export type TestResult = { event: EventId; delivered: boolean; attempt: Attempt; words: string[] }

/** A code for a test, that no header has: 8 letters and digits. */
const newCode = ({ random }: Tools) =>
  Math.floor(random() * 36 ** 8)
    .toString(36)
    .padStart(8, '0')

/** Who shows this as it is reads UTF-8. */
const TEXT = 'Zoë · 会员 · 😀'

/**
 * Sends a test event to a target, whatever its state and its `events`, and waits for the response. It is tried once and
 * does not change the target's health. Throws when D1 does not record it.
 */
export async function testTarget(
  { DB }: Pick<Env, 'DB'>,
  target: ConfiguredTarget,
  tools: Tools,
): Promise<TestResult> {
  const { name } = target
  const data = { target: name, code: newCode(tools), text: TEXT }
  const due = tools.now()
  const event = await writeAnew(async () => {
    const event = composeSystemEvent(newSystemEventId(tools), { type: 'relay.test', data })
    await recordEvents(DB, [
      await systemEventRecord(event, [{ target: name, state: 'pending', due }]),
    ])
    return event
  })
  const { id } = event
  const message = { event: id, target: name, attempt: 1, due }
  const needs = { raw: needsRaw(target), order: false, lease: undefined }
  const { deliveries } = await loadDueDeliveries(DB, [{ ...message, ...needs }], due)
  const [delivery] = deliveries
  if (delivery === undefined) throw new Error('the test event was not recorded')
  const { attempt, body } = await attemptDelivery(target, delivery, tools)
  const delivered = attempt.error === undefined
  const next = delivered
    ? { state: 'delivered' as const }
    : { state: 'cancelled' as const, reason: 'a test is tried once' }
  await updateDeliveries(DB, [{ delivery, next: { ...next, logged: attempt } }])
  const request = {
    hasCode: body?.body.includes(data.code) === true,
    isSigned: target.secrets.length > 0,
  }
  const words = wordsOfTest(name, { type: event.type, data }, attempt, request)
  return { event: id, delivered, attempt, words }
}
