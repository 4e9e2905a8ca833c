// queues deliveries, retries, dead → each delivery settled: a batch is loaded at once, and five requests wait at most.
import { type Config, targetOf, timeoutsOf } from '../../config.ts'
import type { DeliveryMessage, Lane } from '../../core/deliveries/delivery.ts'
import { type Lease, longestBatchMs, mustLease } from '../../core/deliveries/lease.ts'
import { isBroken } from '../../core/deliveries/target.ts'
import type { Env } from '../../env.ts'
import { FORMATS } from '../../formats/index.ts'
import { loadOwed, type Owed } from '../../store/deliveries/deliveries.ts'
import { type DeliverTools, type Stage, stageFor } from './batch.ts'
import { inPlaces } from './concurrency.ts'
import { settle } from './settle.ts'

/** Requests that may wait for their answer at once: an invocation has six connections, and the records need one. */
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
  const now = tools.now()
  const until = now + longestBatchMs(timeoutsOf(config))
  const tasks = messages.flatMap((message): Task[] => {
    const letGo = tools.inHand.take(message.body, until, now)
    // A queue may hand a message over twice, to this batch or to one beside it: one of the two is enough.
    if (letGo === undefined) message.ack()
    const lease = mustLease(lane, message.body, now) ? { holder: message.id, until } : undefined
    return letGo === undefined ? [] : [{ message, lease, letGo }]
  })
  try {
    await handleAll(env, config, lane, tasks, tools)
  } finally {
    for (const { letGo } of tasks) letGo()
  }
}

async function handleAll(
  env: Pick<Env, 'DB' | 'RETRIES'>,
  config: Config,
  lane: Lane,
  tasks: readonly Task[],
  tools: DeliverTools,
): Promise<void> {
  if (tasks.length === 0) return
  const wanted = tasks.map(({ message: { body }, lease }) => ({
    ...body,
    ...needsOf(config, body.target),
    lease,
  }))
  let loaded: Loaded
  try {
    loaded = await loadOwed(env.DB, wanted, tools.now())
  } catch (error) {
    tools.log({ at: 'deliver', fault: 'deliveries could not be loaded', detail: String(error) })
    await Promise.all(tasks.map((task) => rest(env.RETRIES, task, tools.now())))
    return
  }
  const queue = oursOf(tasks, loaded.owed)
  const ours = queue.flatMap(({ row }) => row ?? [])
  const stage = stageFor(env, config, lane, tools, { ...loaded, owed: ours })
  await inPlaces(MAX_WAITING, queue, (task, leave) =>
    stage.during(async () => {
      await handle(stage, task, leave)
      // It may come again while the batch goes on.
      task.letGo()
    }),
  )
}

type Loaded = Awaited<ReturnType<typeof loadOwed>>

/** A message, and the lease that it needs, if it does. */
type Task = { message: Message<DeliveryMessage>; lease: Lease | undefined; letGo: () => void }

/** The messages that are for us to handle, with their deliveries. The others are done with. */
function oursOf(
  tasks: readonly Task[],
  owed: readonly Owed[],
): (Task & { row: Owed | undefined })[] {
  return tasks.flatMap((task) => {
    const { message, lease } = task
    const { event, target } = message.body
    const row = owed.find((one) => one.event === event && one.target === target)
    // Somebody else has it in hand, or it has moved on.
    const isOurs = lease === undefined || row?.leaseHolder === lease.holder
    if (!isOurs) message.ack()
    return isOurs ? [{ ...task, row }] : []
  })
}

/** What must be loaded with the deliveries of a target. */
function needsOf(config: Config, name: string): { raw: boolean; order: boolean } {
  const target = targetOf(config, name)
  if (target === undefined || isBroken(target)) return { raw: false, order: false }
  return { raw: FORMATS[target.format].needsRaw, order: target.ordered }
}

/**
 * Lets a message rest while D1 is away. As a new one: the platform's count is for messages that break us. It comes when
 * the lease of this one is over and takes its own: where the queue takes it and says that it did not, this one comes
 * too, and only one of them may make the attempt.
 */
async function rest(queue: Env['RETRIES'], { message, lease }: Task, now: number): Promise<void> {
  const leaseSeconds = lease === undefined ? 0 : Math.ceil((lease.until - now) / 1000) + 1
  try {
    await queue.send(message.body, { delaySeconds: Math.max(FAULT_DELAY_SECONDS, leaseSeconds) })
    message.ack()
  } catch {
    message.retry({ delaySeconds: FAULT_DELAY_SECONDS })
  }
}

async function handle(
  stage: Stage,
  task: Task & { row: Owed | undefined },
  leave: () => void,
): Promise<void> {
  const { message, row } = task
  if (stage.isDeaf) return rest(stage.env.RETRIES, task, stage.tools.now())
  try {
    await settle(stage, message.body, row, leave)
    message.ack()
  } catch (error) {
    stage.tools.log({ at: 'deliver', ...message.body, fault: String(error) })
    // What cannot be recorded would be sent again: as long as D1 takes nothing, nothing more goes out. Anything else is
    // the message's own, and counts: after a few times it comes by the dead-letter queue, as a failed attempt.
    if (stage.isDeaf) await rest(stage.env.RETRIES, task, stage.tools.now())
    else message.retry({ delaySeconds: FAULT_DELAY_SECONDS })
  }
}
