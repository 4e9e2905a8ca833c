// What Hapana's messages leave out and the log adds: the previous membership status, whether a check-in is the first, and
// whether accountCreated is a new client or a known one at another site.
import { instantOf, type MembershipEvent } from '../../core/events/event.ts'
import { type History, type Interpretation, markIfLate } from '../../core/events/history.ts'
import type { EventKind, EventType, Inference } from '../../core/events/vocabulary.ts'

/** `Vendor.relatedKinds` of Hapana. */
export function relatedKinds({
  type,
  vendortype,
}: MembershipEvent): readonly EventKind[] | undefined {
  if (type === 'membership.status_changed') return ['membership']
  if (type.startsWith('checkin.')) return ['checkin']
  // An account needs only whether and at which sites the client is known.
  return vendortype === 'accountCreated' ? [] : undefined
}

/** `Vendor.interpret` of Hapana. It infers no further events. */
export function interpret(event: MembershipEvent, history: History): Interpretation {
  return { event: complete(event, history), inferred: [] }
}

function complete(event: MembershipEvent, history: History): MembershipEvent {
  const others = history.past.filter(({ type }) => type === event.type)
  // `past` has check-ins of the whole person: those decide `first`; only those of the contact decide `late`.
  const own = () =>
    history.past.filter(
      ({ relaysource, subject }) => relaysource === event.relaysource && subject === event.subject,
    )
  switch (event.type) {
    case 'contact.created':
      return completeAccount(event, history)
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
      return markIfLate({ ...event, data: { ...event.data, checkin } }, own())
    }
    case 'checkin.rejected':
      return markIfLate(event, own())
    default:
      return event
  }
}

/** A new client, a known client at another site, or a change of a known client. */
function completeAccount(event: MembershipEvent, { isKnown, sites }: History): MembershipEvent {
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
