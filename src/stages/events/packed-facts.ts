// What is kept of the events that are packed (core/events/facts/contact-facts.ts), as their vendors' meaning reads it.
import type { DeliveryState } from '../../core/deliveries/delivery.ts'
import { MAX_AHEAD_MS, type MembershipEvent, withCredibleTime } from '../../core/events/event.ts'
import { CORRECTIONS } from '../../core/events/explain/conclusion.ts'
import type { PackedEvent } from '../../core/events/facts/contact-facts.ts'
import {
  ANNOUNCEMENTS,
  CORRECTED,
  type Fact,
  isTold,
  trimmed,
} from '../../core/events/facts/facts.ts'
import { type EventId, idOfKey, timeOfId } from '../../core/id.ts'
import { parseJson } from '../../core/intake/json.ts'
import type { StoredRows } from '../../core/ledger/pack-line.ts'
import type { OwnedEvent } from '../../store/ledger/packs/facts.ts'
import { VENDORS, type VendorId } from '../../vendors/index.ts'
import { isAccount } from './meaning.ts'

/** What there is to be kept of an event and its settled deliveries; undefined for one that is in no history and in no order. */
export function packedEventOf({ event: row, deliveries }: StoredRows): OwnedEvent | undefined {
  const { source, contact, status, at } = row
  const isKept = status === 'accepted' || status === 'inferred'
  if (!isKept || contact === null || row.event === null || at === null) return undefined
  const id = idOfKey(row.key)
  const event = withCredibleTime(parseJson(row.event) as MembershipEvent)
  const fact = { id, at, event, isTold: isTold(row.type, deliveries) }
  const packed: PackedEvent = {
    id,
    kept: status === 'accepted' ? factOf(fact) : correctionOf(fact),
    deliveries: deliveries.map(({ target, state }) => ({ target, state: state as DeliveryState })),
    addressed: addressedIn(event, { id, at }),
  }
  return { source, contact, event: packed }
}

/** What a history reads of an event, and its list; undefined for an event that is in no history. */
export function factOf(fact: Fact): PackedEvent['kept'] {
  const { event } = fact
  const data = VENDORS[event.vendor as VendorId]?.remembered(event)
  if (data === undefined) return undefined
  const list = isAccount(event) ? ANNOUNCEMENTS : (event.type.split('.')[0] ?? '')
  return { list, fact: { ...fact, event: trimmed(event, data) } }
}

/** A correction is in no history, but the next one of the same event asks what it told (store/events/told.ts). */
function correctionOf(fact: Fact): PackedEvent['kept'] {
  const { event } = fact
  if (!CORRECTIONS.includes(event.type)) return undefined
  const { corrects } = event.data as { corrects?: EventId }
  return { list: CORRECTED, fact: { ...fact, event: trimmed(event, { corrects }) } }
}

function addressedIn(
  { data, timebasis }: MembershipEvent,
  { id, at }: Pick<Fact, 'id' | 'at'>,
): PackedEvent['addressed'] {
  if (data.contact?.email_normalized === undefined || at > timeOfId(id) + MAX_AHEAD_MS)
    return undefined
  return { at, by: timebasis === 'received' ? 'received' : 'vendor' }
}
