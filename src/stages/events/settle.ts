// An event whose meaning may change until it is first sent: the reason why a subscription ended depends on what follows.
import type { DueDelivery } from '../../core/deliveries/delivery.ts'
import { SETTLING } from '../../core/deliveries/target.ts'
import type { MembershipEvent } from '../../core/events/event.ts'
import { isSystemEvent } from '../../core/events/system-event.ts'
import { updateEvents } from '../../store/events/update-events.ts'
import { settledEvent } from './meaning.ts'

/** Whether the event of a delivery may mean something else by now. Once it was sent, it stays as it was. */
export function mayChange({ content, contact, sentBody }: DueDelivery): boolean {
  if (sentBody !== undefined || contact === undefined || isSystemEvent(content)) return false
  return SETTLING.includes(content.type)
}

/** The event of a delivery by what the log knows now. The log is updated, so that it holds what is sent. */
export async function settle(
  db: D1Database,
  { content, contact }: DueDelivery,
): Promise<MembershipEvent> {
  const { personid, personbasis, possibleduplicate, ...event } = content as MembershipEvent
  const settled = await settledEvent(db, event as MembershipEvent, contact ?? '')
  if (JSON.stringify(settled) !== JSON.stringify(event)) {
    await updateEvents(db, [{ event: settled, contact }])
  }
  return {
    ...settled,
    ...(personid === undefined ? {} : { personid }),
    ...(personbasis === undefined ? {} : { personbasis }),
    ...(possibleduplicate === undefined ? {} : { possibleduplicate }),
  } as MembershipEvent
}
