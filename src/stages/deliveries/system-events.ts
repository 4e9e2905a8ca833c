// The relay's own events: recorded like any other, and sent to the targets that want them.
import type { Config } from '../../config.ts'
import type { NewDelivery } from '../../core/deliveries/delivery.ts'
import { route } from '../../core/deliveries/routing.ts'
import { namesRelayEvents } from '../../core/deliveries/target.ts'
import {
  composeSystemEvent,
  isOperatorEvent,
  type NewSystemEvent,
  RELAY_SOURCE,
  type SystemEvent,
} from '../../core/events/system-event.ts'
import { type EventId, ID_RANDOM_RANGE, neighbourId, newEventId } from '../../core/id.ts'
import { fingerprint } from '../../core/intake/dedupe.ts'
import { NO_BODY } from '../../core/intake/request.ts'
import type { Env, Tools } from '../../env.ts'
import {
  type EventRecord,
  isDeliverable,
  recordEvents,
  writeAnew,
} from '../../store/intake/records.ts'
import { enqueueDeliveries, firstMessages } from './enqueue.ts'
import { withHeldForTargets } from './held-for.ts'

/**
 * Records an event of the relay's own and enqueues its deliveries. One with the `identity` of an earlier one is recorded as
 * its duplicate. Throws when D1 does not record it.
 */
export function recordSystemEvent(
  env: Pick<Env, 'DB' | 'RETRIES'>,
  config: Config,
  fact: NewSystemEvent,
  tools: Tools,
  identity?: string,
): Promise<void> {
  return recordSystemEvents(env, config, [fact], tools, identity)
}

/** Records some events of the relay's own in one transaction, in their order, and enqueues their deliveries. */
export async function recordSystemEvents(
  env: Pick<Env, 'DB' | 'RETRIES'>,
  config: Config,
  facts: readonly NewSystemEvent[],
  tools: Tools,
  identity?: string,
): Promise<void> {
  const all = await withHeldForTargets(env.DB, config)
  const receipts = await writeAnew(async () => {
    const first = newSystemEventId(tools)
    const records = facts.map(async (fact, n) => {
      const event = composeSystemEvent(n === 0 ? first : neighbourId(first, n), fact)
      const deliveries = await route(event, audienceOf(fact, all), tools.now())
      return systemEventRecord(event, deliveries, identity)
    })
    return recordEvents(env.DB, await Promise.all(records))
  })
  const written = receipts.filter(isDeliverable).map(({ record }) => record)
  if (written.length > 0) {
    await enqueueDeliveries(env.RETRIES, written.flatMap(firstMessages), tools)
  }
}

/**
 * The targets that may get an event of the relay's own. Never the target that it is about: a report of its failure would
 * be one more delivery that fails. What an operator did names a person: only targets that ask for `relay.` by name.
 */
export function audienceOf(fact: NewSystemEvent, { targets }: Config): Config['targets'] {
  if (isOperatorEvent(fact)) {
    return targets.filter(({ events }) => namesRelayEvents(events))
  }
  // Only those that ask for it by its name: a receiver that takes it for a change of the contact would make the contact again.
  if (fact.type === 'contact.erased') {
    return targets.filter(({ events }) => events.includes(fact.type))
  }
  const about = targetOf(fact)
  return targets.filter(({ name }) => name !== about)
}

/** The target that an event is about, if it is about one. */
function targetOf({ data }: NewSystemEvent): string | null | undefined {
  if ('target' in data) return data.target
  return 'cause' in data && data.about === 'target' ? data.name : undefined
}

/** A new id for an event of the relay's own. */
export function newSystemEventId({ now, random }: Tools): EventId {
  return newEventId(now(), Math.floor(random() * ID_RANDOM_RANGE))
}

/** The record of an event of the relay's own. `identity`: what a repeat of it has in common with it; its id unless given. */
export async function systemEventRecord(
  event: SystemEvent,
  deliveries: NewDelivery[],
  identity?: string,
): Promise<EventRecord> {
  const { id, type } = event
  return {
    id,
    source: RELAY_SOURCE,
    vendor: RELAY_SOURCE,
    type,
    vendorType: undefined,
    // What tells of an erased person is found by it, and erased in its turn.
    contactId: type === 'contact.erased' ? event.data.person : undefined,
    content: { event },
    entry: 'received',
    deliveries,
    hops: 0,
    dedupKey: await fingerprint([RELAY_SOURCE, ...(identity ? [type, identity] : [id])]),
    dedupStamp: identity,
    raw: NO_BODY,
    headers: {},
    eventName: undefined,
  }
}
