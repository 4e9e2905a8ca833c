// What the deliveries of a batch share, and what each may do for another: set an alarm, let the next one go.
import type { Config } from '../../config.ts'
import type { DeliveryMessage, Lane } from '../../core/deliveries/delivery.ts'
import type { NewSystemEvent } from '../../core/events/system-event.ts'
import type { Env, Log } from '../../env.ts'
import type { loadOwed, Owed } from '../../store/deliveries/deliveries.ts'
import { createRecorder, type Recorder } from '../../store/deliveries/delivery-writer.ts'
import { releaseNextOf } from '../../store/deliveries/order.ts'
import type { AttemptTools } from './attempt.ts'
import { setAlarms } from './enqueue.ts'
import { followHealths, type Healths, tellOf } from './health.ts'
import type { InHand } from './in-flight.ts'
import { type Turns, turnsFor } from './rate-limit.ts'

/** What the edge hands in, beside what an attempt needs: randomness in [0, 1), the log, and what is in hand. */
export type DeliverTools = AttemptTools & {
  random: () => number
  log: Log
  inHand: InHand
}

/** What the deliveries of a batch share. */
export type Stage = {
  env: Pick<Env, 'DB' | 'RETRIES'>
  config: Config
  lane: Lane
  tools: DeliverTools
  /** Does the work of one delivery: its records wait a moment for those of the others. */
  during: Recorder['during']
  record: Recorder['record']
  healths: Healths
  tell: (fact: NewSystemEvent) => Promise<void>
  turns: Turns
  /** Set when an outcome could not be recorded. */
  isDeaf: boolean
}

/** What the deliveries of a batch share, from what was loaded with them. */
export function stageFor(
  env: Stage['env'],
  config: Config,
  lane: Lane,
  tools: DeliverTools,
  { owed, healths: known }: Awaited<ReturnType<typeof loadOwed>>,
): Stage {
  const tell = (fact: NewSystemEvent) => tellOf(env, config, fact, tools)
  const healths = followHealths(known, env.DB, tell, tools)
  const turns = turnsFor(env.DB, owed, tools.now)
  const { during, record } = createRecorder(env.DB, tools.inHand.recording)
  const stage: Stage = {
    env,
    config,
    lane,
    tools,
    during,
    record: (update) =>
      record(update).catch((error) => {
        stage.isDeaf = true
        throw error
      }),
    healths,
    tell,
    turns,
    isDeaf: false,
  }
  return stage
}

/** Sets the next delivery of the same contact going. If that fails, the sweep does it. */
export async function letNextGo({ env, tools }: Stage, { event, target }: Owed): Promise<void> {
  const released = await releaseNextOf(env.DB, event, target, tools.now())
  await setAlarms(env.RETRIES, released, tools.now(), tools.log)
}

/** Sets the alarm for an attempt. When the queue does not take it, the sweep finds the row. */
export function sendAgain({ env, tools }: Stage, message: DeliveryMessage): Promise<void> {
  return setAlarms(env.RETRIES, [message], tools.now(), tools.log)
}
