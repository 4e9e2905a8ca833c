// What Hapana's events mean in the light of the log: the vendor tells of states, not of changes, and of an account by
// the same event as of its link to another site.
import { instantOf, type MembershipEvent } from '../../core/events/event.ts'
import { type History, type Interpretation, markIfLate } from '../../core/events/history.ts'
import type { EventKind, EventType, Inference } from '../../core/events/vocabulary.ts'

/** What the events are about that say what one means; undefined for one that says it by itself. */
export function relatedKinds({
  type,
  vendortype,
}: MembershipEvent): readonly EventKind[] | undefined {
  if (type === 'membership.status_changed') return ['membership']
  if (type === 'checkin.recorded') return ['checkin']
  // Whether the client is known, and at which sites, is asked with it.
  return vendortype === 'accountCreated' ? [] : undefined
}

/** What an event means, omitUndefined what the log knows of its client. */
export function interpret(event: MembershipEvent, history: History): Interpretation {
  return { event: read(event, history), inferred: [] }
}

function read(event: MembershipEvent, history: History): MembershipEvent {
  const others = history.past.filter(({ type }) => type === event.type)
  switch (event.type) {
    case 'contact.created':
      return readAccount(event, history)
    case 'membership.status_changed': {
      const before = others.filter((other) => instantOf(other) <= instantOf(event))
      const last = before.toSorted((a, b) => instantOf(a) - instantOf(b)).at(-1)
      const known = last?.type === event.type ? last.data.membership.status : undefined
      const membership = {
        ...event.data.membership,
        ...(known === undefined ? {} : { previous_status: known }),
      }
      return markIfLate({ ...event, data: { ...event.data, membership } }, others)
    }
    case 'checkin.recorded': {
      const checkin = { ...event.data.checkin, first: others.length === 0 }
      // Who checked in first is asked of the person; what came late, of the contact alone.
      const own = others.filter(
        ({ relaysource, subject }) =>
          relaysource === event.relaysource && subject === event.subject,
      )
      return markIfLate({ ...event, data: { ...event.data, checkin } }, own)
    }
    default:
      return event
  }
}

/** An account that is new, or a known client at another site, or neither. */
function readAccount(event: MembershipEvent, { isKnown, sites }: History): MembershipEvent {
  const site = event.data.site?.vendor_id
  const because = (type: EventType, confidence: Inference['confidence'], ...basis: string[]) =>
    ({
      ...event,
      type,
      dataschema: event.dataschema.replace(event.type, type),
      data: { ...event.data, inference: { basis, confidence, evidence: [] } },
    }) as MembershipEvent
  if (!isKnown) return because('contact.created', 'strong', 'client_unseen')
  if (site === undefined)
    return because('contact.updated', 'likely', 'client_known', 'site_unknown')
  return sites.includes(site)
    ? because('contact.updated', 'likely', 'client_known', 'site_known')
    : because('contact.site_linked', 'strong', 'client_known', 'site_unseen')
}
