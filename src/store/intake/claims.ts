// Who the events of some records are about, and what they report of their contacts.
import {
  type ContactClaim,
  claimOf,
  isPersonal,
  isSameContact,
} from '../../core/events/contact-key.ts'
import type { MembershipEvent, RelayEvent } from '../../core/events/event.ts'
import { isSystemEvent } from '../../core/events/system-event.ts'
import type { EventId } from '../../core/id.ts'
import type { ContactUpdate } from '../events/contacts.ts'

/** The part of a record that says who it is about (records.ts). */
type Claimant = {
  id: EventId
  contactId: string | undefined
  content: { event: RelayEvent } | { issues: unknown }
  entry: 'received' | 'released' | object
}

/**
 * Records in runs: the contacts of a run are written before the next one. Two contacts with an equal id are in two runs, so
 * that the second one is recognised as another contact.
 */
export function runsOf<R extends Claimant>(records: readonly R[]): R[][] {
  const runs: R[][] = [[]]
  let first = 0
  for (const [i, record] of records.entries()) {
    if (records.slice(first, i).some((known) => isOther(known, record))) {
      runs.push([])
      first = i
    }
    runs.at(-1)?.push(record)
  }
  return runs
}

/** Whether two records have the same bare key and are about two contacts. */
function isOther(a: Claimant, b: Claimant): boolean {
  if (a.contactId === undefined || a.contactId !== b.contactId) return false
  const [one, other] = [dataOf(a), dataOf(b)]
  return one !== undefined && other !== undefined && !isSameContact(one, other)
}

function dataOf({ content }: Claimant): MembershipEvent['data'] | undefined {
  return 'issues' in content || isSystemEvent(content.event) ? undefined : content.event.data
}

/** What an event tells about who it is about; undefined where it is about nobody. */
function claimOfRecord(record: Claimant): ContactClaim | undefined {
  const data = dataOf(record)
  return record.contactId === undefined || data === undefined
    ? undefined
    : claimOf(record.contactId, data)
}

/** What an event tells about who it is about, for the statements that write it. */
export function claimText(record: Claimant): string | null {
  const claim = claimOfRecord(record)
  return claim === undefined ? null : JSON.stringify(claim)
}

/** What an event reports of its contact: nothing when it is inferred, or the relay's own. */
export function contactUpdateOf(record: Claimant, shared: readonly string[]): ContactUpdate[] {
  const claim = claimOfRecord(record)
  if (claim === undefined || typeof record.entry === 'object') return []
  const { scoped: _, ...update } = claim
  const { late, test } = (record.content as { event: MembershipEvent }).event
  // An old address, or one of a vendor's sample, does not say who somebody is.
  if (late || test) Object.assign(update, { email: null, name: null })
  const joins = isPersonal(update.email) && !shared.includes(update.email)
  return [{ ...update, event: record.id, joins }]
}
