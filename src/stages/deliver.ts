// delivery id → load → render → sign → send → record the attempt → done, or send the id again later.
// D1 is the truth and a message only an alarm clock: one whose attempt is not the row's next does nothing.
import type { Config, ConfiguredTarget } from '../config.ts'
import type { Attempt, DeliveryMessage, Outcome } from '../core/delivery.ts'
import { judge, parseRetryAfter, queueDelaySeconds } from '../core/retry.ts'
import { isBroken } from '../core/target.ts'
import { formatInstant } from '../core/time.ts'
import type { Env } from '../env.ts'
import { FORMATS } from '../formats/index.ts'
import { type DeliveryUpdate, loadOwed, type Owed } from '../store/deliveries.ts'
import { recorder } from '../store/recorder.ts'
import { type AttemptTools, attemptDelivery } from './attempt.ts'

/** Requests that may wait for their answer at once: an invocation has six connections, and the queue needs one. */
const MAX_WAITING = 5

/** How long a message rests when D1 does not answer. */
const FAULT_DELAY_SECONDS = 30

/** What the edge hands in, beside what an attempt needs: randomness in [0, 1), and the log. */
export type DeliverTools = AttemptTools & {
  random: () => number
  log: (line: Record<string, unknown>) => void
}

type Stage = {
  env: Pick<Env, 'DB' | 'RETRIES'>
  config: Config
  tools: DeliverTools
  record: (update: DeliveryUpdate) => Promise<void>
}

/** Handles a batch of delivery ids. Settles every message by itself and never throws. */
export async function deliver(
  env: Pick<Env, 'DB' | 'RETRIES'>,
  config: Config,
  messages: readonly Message<DeliveryMessage>[],
  tools: DeliverTools,
): Promise<void> {
  const stage = { env, config, tools, record: recorder(env.DB) }
  const fresh = withoutRepeats(messages)
  const needsRaw = (name: string) => {
    const target = config.targets.find((known) => known.name === name)
    return target !== undefined && !isBroken(target) && FORMATS[target.format].needsRaw
  }
  let owed: Owed[]
  try {
    owed = await loadOwed(
      env.DB,
      fresh.map(({ body }) => body),
      needsRaw,
    )
  } catch (error) {
    tools.log({ at: 'deliver', fault: 'deliveries could not be loaded', detail: String(error) })
    for (const message of fresh) message.retry({ delaySeconds: FAULT_DELAY_SECONDS })
    return
  }
  const queue = [...fresh]
  const worker = async () => {
    for (let message = queue.shift(); message; message = queue.shift()) {
      const { event, target } = message.body
      await handle(
        stage,
        message,
        owed.find((row) => row.event === event && row.target === target),
      )
    }
  }
  await Promise.all(Array.from({ length: MAX_WAITING }, worker))
}

/** A queue may hold a message twice, and the sweep may add another: one of each delivery is enough. */
function withoutRepeats(messages: readonly Message<DeliveryMessage>[]): Message<DeliveryMessage>[] {
  const seen = new Set<string>()
  return messages.filter((message) => {
    const key = JSON.stringify(message.body)
    if (seen.has(key)) message.ack()
    return !seen.has(key) && seen.add(key)
  })
}

async function handle(stage: Stage, message: Message<DeliveryMessage>, owed: Owed | undefined) {
  try {
    await settle(stage, message.body, owed)
    message.ack()
  } catch (error) {
    stage.tools.log({ at: 'deliver', ...message.body, fault: String(error) })
    message.retry({ delaySeconds: FAULT_DELAY_SECONDS })
  }
}

/** Does what a message asks for, if its delivery still waits for that. Throws when the outcome cannot be recorded. */
async function settle(
  stage: Stage,
  message: DeliveryMessage,
  owed: Owed | undefined,
): Promise<void> {
  const { config, tools, record } = stage
  if (owed?.due === undefined || owed.attempt !== message.attempt) return
  if (owed.due > tools.now()) return await sendAgain(stage, message, owed.due)
  const { event, attempt } = owed
  const target = config.targets.find((known) => known.name === message.target)
  const row = { event, target: message.target, attempt }
  if (target === undefined) {
    return record({ ...row, state: 'cancelled', reason: 'its target is no longer configured' })
  }
  if (isBroken(target)) return record({ ...row, state: 'held', reason: 'broken' })
  if (!target.enabled) return record({ ...row, state: 'held', reason: 'disabled' })
  await attemptAndRecord(stage, target, owed)
}

async function attemptAndRecord(stage: Stage, target: ConfiguredTarget, owed: Owed): Promise<void> {
  const { tools, record } = stage
  const { event, attempt } = owed
  const startedAt = tools.now()
  const { outcome, rendered } = await attemptDelivery(target, owed, tools)
  const verdict = judge(outcome, attempt, target.retry, tools.now(), tools.random())
  const due = verdict.state === 'retrying' ? verdict.due : undefined
  const lasting =
    verdict.state === 'dead' ? `failed ${attempt} times, last by ${outcome.error}` : undefined
  await record({
    event,
    target: target.name,
    attempt,
    state: verdict.state,
    reason: verdict.state === 'held' ? verdict.reason : lasting,
    due,
    made: attemptOf(outcome, attempt, startedAt),
    freeze: verdict.state === 'delivered' || owed.frozen ? undefined : rendered,
  })
  const { status, error, durationMs: ms } = outcome
  const { type } = owed.content
  tools.log({
    at: 'deliver',
    event,
    type,
    target: target.name,
    attempt,
    status,
    error,
    ms,
    state: verdict.state,
  })
  if (due !== undefined)
    await sendAgain(stage, { event, target: target.name, attempt: attempt + 1 }, due)
}

/** Sets the alarm for an attempt. When the queue does not take it, the sweep finds the row. */
async function sendAgain(
  { env, tools }: Stage,
  message: DeliveryMessage,
  due: number,
): Promise<void> {
  try {
    await env.RETRIES.send(message, { delaySeconds: queueDelaySeconds(due, tools.now()) })
  } catch (error) {
    tools.log({
      at: 'deliver',
      ...message,
      fault: 'the queue did not take the id; the sweep will',
      detail: String(error),
    })
  }
}

function attemptOf(outcome: Outcome, attempt: number, startedAt: number): Attempt {
  const { status, error, detail, durationMs, retryAfter } = outcome
  const asked = parseRetryAfter(retryAfter, startedAt + durationMs)
  return {
    attempt,
    at: formatInstant(startedAt),
    ms: durationMs,
    ...(status === undefined ? {} : { status }),
    ...(error === undefined ? {} : { error }),
    ...(detail === '' ? {} : { response: detail }),
    ...(asked === undefined ? {} : { retry_after: Math.ceil(asked) }),
  }
}
