// An event whose meaning may change until it is first sent: the reason why a subscription ended depends on what follows,
// and a correction on what its target was told.
import type { DueDelivery } from '../../core/deliveries/delivery.ts'
import { SETTLING } from '../../core/deliveries/target.ts'
import type { MembershipEvent } from '../../core/events/event.ts'
import { CORRECTIONS, conclusionIn, isSame } from '../../core/events/explain/conclusion.ts'
import { isSystemEvent } from '../../core/events/system-event.ts'
import type { Conclusion } from '../../core/events/vocabulary.ts'
import { type EventId, timeOfId } from '../../core/id.ts'
import type { Env, Tools } from '../../env.ts'
import { readTold } from '../../store/events/told.ts'
import { updateEvents } from '../../store/events/update-events.ts'
import { isD1Failure } from '../../store/group-commit.ts'
import { settledEvent } from './meaning.ts'

type SettleEnv = Pick<Env, 'DB' | 'ARCHIVE'>

/** How long a correction waits for the first attempt at the event that it corrects, in milliseconds. */
const MAX_WAIT_MS = 900_000

/** Whether the event of a delivery may mean something else by now. Once it was sent, it stays as it was. */
export function mayChange({ content, contact, sentBody }: DueDelivery): boolean {
  if (sentBody !== undefined || contact === undefined || isSystemEvent(content)) return false
  return SETTLING.includes(content.type) || CORRECTIONS.includes(content.type)
}

/**
 * The event of a delivery as it is to be sent now. `known`: a correction that its target does not need. `later`: nobody
 * knows yet whether it does, as the event that is corrected is being sent.
 */
export function settle(
  env: SettleEnv,
  delivery: DueDelivery,
  tools: Pick<Tools, 'now' | 'log'>,
): Promise<MembershipEvent | 'known' | 'later'> {
  return CORRECTIONS.includes(delivery.content.type)
    ? settledCorrection(env, delivery, tools)
    : settledEnd(env, delivery, tools)
}

/** An end by what the log knows now. The log is updated, so that it holds what is sent. */
async function settledEnd(
  env: SettleEnv,
  { content, contact, apart }: DueDelivery,
  { log }: Pick<Tools, 'log'>,
): Promise<MembershipEvent> {
  const { personid, personbasis, possibleduplicate, ...event } = content as MembershipEvent
  const settled = await settledEvent(env, event as MembershipEvent, contact ?? '', log)
  if (JSON.stringify(settled) !== JSON.stringify(event)) {
    await updateEvents(env.DB, [{ event: settled, contact, apart }])
  }
  return {
    ...settled,
    ...(personid === undefined ? {} : { personid }),
    ...(personbasis === undefined ? {} : { personbasis }),
    ...(possibleduplicate === undefined ? {} : { possibleduplicate }),
  } as MembershipEvent
}

/** A correction of what its target was told. One that was told nothing gets the correction as it is in the log. */
async function settledCorrection(
  env: SettleEnv,
  { content, contact = '', target }: DueDelivery,
  tools: Pick<Tools, 'now' | 'log'>,
): Promise<MembershipEvent | 'known' | 'later'> {
  const correction = content as MembershipEvent & {
    data: { corrects: EventId; was: Conclusion; is: Conclusion }
  }
  const { id, type, relaysource: source, data } = correction
  const now = tools.now()
  const told = await readTold(env, {
    ...{ event: data.corrects, source, contact, target },
    correction: { id, type },
  }).catch((error: unknown) => {
    // What is in a pack that cannot be read was told long ago: the correction says what the log concluded then.
    if (isD1Failure(error)) throw error
    tools.log({ at: 'meaning', fault: 'packs could not be read', detail: String(error) })
    return undefined
  })
  if (told === undefined || told.state === 'cancelled') return correction
  if (told.isLater) return 'known'
  if (told.body === null) {
    // An end is read again when it is sent, so it will say this itself.
    if (type !== 'subscription.corrected') return correction
    if (told.state === 'held' || (told.due ?? now) > now) return 'known'
    return now - timeOfId(id) < MAX_WAIT_MS ? 'later' : correction
  }
  const was = conclusionIn(told.body, data.corrects)
  if (was === undefined) return correction
  if (isSame(was, data.is)) return 'known'
  return isSame(was, data.was)
    ? correction
    : ({ ...correction, data: { ...data, was } } as MembershipEvent)
}
