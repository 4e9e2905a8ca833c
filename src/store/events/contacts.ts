// The contacts of every source, and the person behind each. They are updated by the transaction that writes their events.
import { MAX_AHEAD_MS } from '../../core/events/event.ts'
import { EVENT_KINDS } from '../../core/events/vocabulary.ts'
import { type EventId, ID_RANDOM_RANGE, keyOfId } from '../../core/id.ts'
import type { BatchDatabase } from '../group-commit.ts'
import { kindOf } from './history.ts'

/** The person behind the contact of an event, as a column of a query over `events AS e`. */
export const PERSON_OF_E =
  '(SELECT CAST(c.person AS TEXT) FROM contacts AS c WHERE c.source = e.source AND c.contact = e.contact)'

/** What an event reports of its contact: the address unless it is an old one, and the site. */
export type ContactUpdate = { event: EventId; email: string | undefined; site: string | undefined }

/** The key of a contact. */
export type ContactKey = { source: string; contact: string }

/** A statement that fails its transaction when a contact is known. */
export function requireUnknown(
  db: BatchDatabase,
  { source, contact }: ContactKey,
): D1PreparedStatement {
  return db
    .prepare('INSERT INTO contacts SELECT * FROM contacts WHERE source = ?1 AND contact = ?2')
    .bind(source, contact)
}

const IS_KNOWN_SITE = 'instr(known_sites, json_quote(site)) > 0'

// A later event has an address already, by times of the same sort that are credible. Asked only when the address differs.
const IS_OLD = `EXISTS (
  SELECT 1 FROM events AS newer
  WHERE newer.status IN ('accepted', 'derived') AND newer.source = e.source AND newer.contact = e.contact
    AND ${kindOf('newer.type')} IN (${EVENT_KINDS.map((kind) => `'${kind}'`).join()}) AND newer.at > e.at
    AND newer.at <= newer.key / ${ID_RANDOM_RANGE} + ${MAX_AHEAD_MS}
    AND newer.event ->> '$.data.contact.email_normalized' IS NOT NULL
    AND (newer.event ->> 'timebasis' = 'received') = (e.event ->> 'timebasis' = 'received'))`

// A new contact joins the person of the vendor's contact with the same id, else with the same address, else it is a new
// person. A known contact keeps its person, whatever its address becomes. Only accepted events count.
const UPSERT = `
WITH seen AS (
  SELECT e.key, e.source, e.contact, e.vendor, updates.value ->> 'site' AS site,
    CASE WHEN known.email <> updates.value ->> 'email' AND ${IS_OLD} THEN NULL ELSE updates.value ->> 'email' END AS email,
    known.person AS known_person, known.email AS known_email, COALESCE(known.sites, '[]') AS known_sites
  FROM json_each(?1) AS updates CROSS JOIN events AS e ON e.key = CAST(updates.value ->> 'event' AS INTEGER)
  LEFT JOIN contacts AS known ON known.source = e.source AND known.contact = e.contact
  WHERE e.status = 'accepted' AND e.contact IS NOT NULL)
INSERT INTO contacts (source, contact, vendor, person, email, sites)
SELECT source, contact, vendor,
  CASE WHEN known_person IS NOT NULL THEN known_person ELSE COALESCE(
    (SELECT person FROM contacts WHERE source IN (SELECT value FROM json_each(?2)) AND contact = seen.contact
       AND vendor = seen.vendor LIMIT 1),
    (SELECT person FROM contacts WHERE email = seen.email AND apart = 0 ORDER BY person LIMIT 1),
    key) END,
  COALESCE(email, known_email),
  CASE WHEN site IS NULL OR ${IS_KNOWN_SITE} THEN known_sites ELSE json_insert(known_sites, '$[#]', site) END
FROM seen
WHERE known_person IS NULL OR COALESCE(email, known_email) IS NOT known_email
  OR (site IS NOT NULL AND NOT ${IS_KNOWN_SITE})
ON CONFLICT (source, contact) DO UPDATE SET email = excluded.email, sites = (
  SELECT json_group_array(value) FROM (
    SELECT value FROM json_each(contacts.sites) UNION SELECT value FROM json_each(excluded.sites)))`

/** Updates in groups for one statement each. A group has each address once: its first row may create the person that
 * the next one with that address joins. */
export function byAddress(updates: readonly ContactUpdate[]): ContactUpdate[][] {
  const groups: ContactUpdate[][] = []
  for (const update of updates) {
    const { email } = update
    const isFree = (group: ContactUpdate[]) =>
      email === undefined || group.every((other) => other.email !== email)
    const group = groups.find(isFree)
    if (group === undefined) groups.push([update])
    else group.push(update)
  }
  return groups
}

/** The statement that updates the contacts of some events. `siblings`: sources that share a vendor's contact ids. */
export function updateContacts(
  db: BatchDatabase,
  updates: readonly ContactUpdate[],
  siblings: readonly string[],
): D1PreparedStatement {
  const seen = updates.map((update) => ({ ...update, event: keyOfId(update.event) }))
  return db.prepare(UPSERT).bind(JSON.stringify(seen), JSON.stringify(siblings))
}
