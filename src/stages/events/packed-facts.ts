// What is kept of the events that are packed (core/events/facts.ts).
import { ANNOUNCEMENTS, type Fact, trimmed } from '../../core/events/facts.ts'
import { VENDORS, type VendorId } from '../../vendors/index.ts'
import { isAccount } from './meaning.ts'

/** What a history reads of an event, and its list; undefined for an event that is in no history. */
export function factOf(fact: Fact): { list: string; fact: Fact } | undefined {
  const { event } = fact
  const data = VENDORS[event.vendor as VendorId]?.remembered(event)
  if (data === undefined) return undefined
  const list = isAccount(event) ? ANNOUNCEMENTS : (event.type.split('.')[0] ?? '')
  return { list, fact: { ...fact, event: trimmed(event, data) } }
}
