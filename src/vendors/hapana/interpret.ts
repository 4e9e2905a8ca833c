// What Hapana's messages leave out and the log adds: the previous membership status, whether a check-in is the first, and
// whether accountCreated is a new client or a known one at another site. Only an earlier accountCreated makes a client known:
// the account, the first sale and its mail are sent in the same moment, in any order.
import { isOtherName, nameOf } from '../../core/events/contact-key.ts'
import { instantOf, type MembershipEvent } from '../../core/events/event.ts'
import { namedIn } from '../../core/events/facts/facts.ts'
import { fold } from '../../core/events/fields.ts'
import { type History, type Interpretation, markIfLate } from '../../core/events/history.ts'
import type { Contact, EventKind, EventType, Inference } from '../../core/events/vocabulary.ts'

/** `Vendor.relatedKinds` of Hapana. */
export function relatedKinds({
  type,
  vendortype,
}: MembershipEvent): readonly EventKind[] | undefined {
  if (type === 'membership.status_changed') return ['membership']
  if (type.startsWith('checkin.')) return ['checkin']
  // An account needs only whether and at which sites there was one before.
  return fold(vendortype) === 'accountcreated' ? [] : undefined
}

/** `Vendor.remembered` of Hapana. Accounts of early versions have no inference, and announce nothing. */
export function remembered(event: MembershipEvent): object | undefined {
  const { type, data } = event
  if (type === 'membership.status_changed')
    return { membership: { status: data.membership.status } }
  const kinds = relatedKinds(event)
  if (kinds?.length === 0) return data.inference && { contact: namedIn(data.contact) }
  return kinds && {}
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

/** How long after the date on which a client joined a message may arrive, and still announce a new client. */
const MAX_DELAY_MS = 7 * 86_400_000

/**
 * A new client, a known client at another site, or a change of a known client. Never certain: one message type says all
 * three, Hapana promises no order, and the log may begin after the client did.
 */
function completeAccount(event: MembershipEvent, { past, isIdTaken }: History): MembershipEvent {
  const site = event.data.site?.vendor_id
  const because = (type: EventType, confidence: Inference['confidence'], ...basis: string[]) =>
    ({
      ...event,
      type,
      dataschema: event.dataschema.replace(event.type, type),
      data: { ...event.data, inference: { basis, confidence, evidence: [] } },
    }) as MembershipEvent
  if (past.length === 0) {
    const joined = Date.parse(event.data.contact.joined_on ?? '')
    return Date.parse(event.receivedat) - joined > MAX_DELAY_MS
      ? because('contact.created', 'none', 'client_unseen', 'joined_before')
      : because(
          'contact.created',
          'likely',
          'client_unseen',
          ...(isIdTaken ? ['id_of_another'] : []),
        )
  }
  // Hapana has another message for a change: this is a repeat with other content, or an account of a site that is not told.
  if (site === undefined) return because('contact.updated', 'none', 'client_known', 'site_unknown')
  if (past.some(({ data }) => data.site?.vendor_id === site))
    return because('contact.updated', 'none', 'client_known', 'site_known')
  // Where ids of two brands come from one source, an equal id alone does not make a client known.
  return past.every(({ data }) => differ(data.contact, event.data.contact))
    ? because('contact.site_linked', 'none', 'client_known', 'site_unseen', 'name_differs')
    : because('contact.site_linked', 'likely', 'client_known', 'site_unseen')
}

/** Whether two messages have different names; where one of them has none, different addresses. */
function differ(a: Contact, b: Contact): boolean {
  const [one, other] = [nameOf(a), nameOf(b)]
  if (one !== null && other !== null) return isOtherName(one, other)
  return (a.email_normalized ?? b.email_normalized) !== (b.email_normalized ?? a.email_normalized)
}
