// What an operator did → an event in the log that says who.
import type { Config } from '../../config.ts'
import { route } from '../../core/deliveries/routing.ts'
import { composeSystemEvent, type NewOperatorEvent } from '../../core/events/system-event.ts'
import type { Env } from '../../env.ts'
import { recordEvents } from '../../store/intake/records.ts'
import { firstMessages, setAlarms } from '../deliveries/enqueue.ts'
import { freshId, type HealthTools, recordOf } from '../deliveries/health.ts'

/**
 * Records what an operator did. It names a person, so that only targets are told that ask for the relay's own events by
 * name; "*" does not.
 */
export async function tellOfOperator(
  env: Pick<Env, 'DB' | 'RETRIES'>,
  config: Config,
  fact: NewOperatorEvent,
  tools: HealthTools,
): Promise<void> {
  const event = composeSystemEvent(freshId(tools), fact)
  const asking = config.targets.filter(({ events }) =>
    events.some((one) => one.startsWith('relay.')),
  )
  const record = await recordOf(event, await route(event, asking, tools.now()))
  await recordEvents(env.DB, [record])
  await setAlarms(env.RETRIES, firstMessages(record), tools.now(), tools.log)
}
