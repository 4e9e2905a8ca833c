// queues deliveries, retries, dead → each delivery settled: a batch is loaded at once, and five requests wait at most.
import { type Config, targetOf, timeoutsOf } from '../config.ts'
import type { DeliveryMessage } from '../core/delivery.ts'
import { leaseFor, longestBatchMs } from '../core/lateness.ts'
import type { SystemFact } from '../core/system-event.ts'
import { isBroken } from '../core/target.ts'
import type { Env } from '../env.ts'
import { FORMATS } from '../formats/index.ts'
import { loadOwed, type Owed } from '../store/deliveries.ts'
import { recorder } from '../store/recorder.ts'
import { followHealths, tellOf } from './health.ts'
import { type DeliverTools, type Lane, type Stage, settle } from './settle.ts'
import { turnsFor } from './turns.ts'

/** Requests that may wait for their answer at once: an invocation has six connections, and the queue needs one. */
const MAX_WAITING = 5

/** How long a message rests when D1 does not answer. */
const FAULT_DELAY_SECONDS = 30

/** Handles a batch of delivery ids. Settles every message by itself and never throws. */
export async function deliver(
  env: Pick<Env, 'DB' | 'RETRIES'>,
  config: Config,
  lane: Lane,
  messages: readonly Message<DeliveryMessage>[],
  tools: DeliverTools,
): Promise<void> {
  const fresh = withoutRepeats(messages)
  const batchMs = longestBatchMs(timeoutsOf(config))
  const wanted = fresh.map(({ id, body }) => ({
    ...body,
    ...needsOf(config, body.target),
    // What the platform has given up on is in nobody else's hands.
    lease: lane === 'dead' ? undefined : leaseFor(body, body.holder ?? id, batchMs, tools.now()),
  }))
  let loaded: Awaited<ReturnType<typeof loadOwed>>
  try {
    loaded = await loadOwed(env.DB, wanted, tools.now())
  } catch (error) {
    tools.log({ at: 'deliver', fault: 'deliveries could not be loaded', detail: String(error) })
    await Promise.all(fresh.map((message) => rest(env.RETRIES, message)))
    return
  }
  const { owed, healths: known } = loaded
  const tell = (fact: SystemFact) => tellOf(env, config, fact, tools)
  const healths = followHealths(known, env.DB, tell, tools)
  const turns = turnsFor(env.DB, owed, tools.now)
  const write = recorder(env.DB)
  const stage: Stage = {
    env,
    config,
    lane,
    tools,
    record: (update) =>
      write(update).catch((error) => {
        stage.isDeaf = true
        throw error
      }),
    healths,
    tell,
    turns,
    isDeaf: false,
  }
  const queue = fresh.flatMap((message, i) => {
    const { event, target } = message.body
    const row = owed.find((one) => one.event === event && one.target === target)
    const lease = wanted[i]?.lease
    // Somebody else has it in hand, or it has moved on.
    const isOurs = lease === undefined || row?.leaseHolder === lease.holder
    if (!isOurs) message.ack()
    return isOurs ? [{ message, row }] : []
  })
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      await handle(stage, next.message, next.row)
    }
  }
  await Promise.all(Array.from({ length: MAX_WAITING }, worker))
}

/** What must be loaded with the deliveries of a target. */
function needsOf(config: Config, name: string): { raw: boolean; order: boolean } {
  const target = targetOf(config, name)
  if (target === undefined || isBroken(target)) return { raw: false, order: false }
  return { raw: FORMATS[target.format].needsRaw, order: target.ordered }
}

/** A queue may hold a message twice, and the sweep may add another: one of each delivery is enough. */
function withoutRepeats(messages: readonly Message<DeliveryMessage>[]): Message<DeliveryMessage>[] {
  const seen = new Set<string>()
  return messages.filter((message) => {
    const { event, target, attempt, due } = message.body
    const key = JSON.stringify([event, target, attempt, due])
    if (seen.has(key)) message.ack()
    return !seen.has(key) && seen.add(key)
  })
}

/** Lets a message rest while D1 is away. As a new one: the platform's count is for messages that break us. */
async function rest(queue: Env['RETRIES'], message: Message<DeliveryMessage>): Promise<void> {
  try {
    const body = { holder: message.id, ...message.body }
    await queue.send(body, { delaySeconds: FAULT_DELAY_SECONDS })
    message.ack()
  } catch {
    message.retry({ delaySeconds: FAULT_DELAY_SECONDS })
  }
}

async function handle(stage: Stage, message: Message<DeliveryMessage>, owed: Owed | undefined) {
  if (stage.isDeaf) return rest(stage.env.RETRIES, message)
  try {
    await settle(stage, message.body, owed)
    message.ack()
  } catch (error) {
    stage.tools.log({ at: 'deliver', ...message.body, fault: String(error) })
    // What cannot be recorded would be sent again: as long as D1 takes nothing, nothing more goes out. Anything else is
    // the message's own, and counts: after a few times it comes by the dead-letter queue, as a failed attempt.
    if (stage.isDeaf) await rest(stage.env.RETRIES, message)
    else message.retry({ delaySeconds: FAULT_DELAY_SECONDS })
  }
}
