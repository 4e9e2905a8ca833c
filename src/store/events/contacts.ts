// Who is who: the contacts of every source, joined to persons. The statement that keeps them is part of the transaction
// that records their events.

import { EVENT_DATA } from '../../core/events/vocabulary.ts'
import { type EventId, keyOfId } from '../../core/id.ts'
import type { BatchDatabase } from '../group-commit.ts'
import { kindOf } from './history.ts'

/** Marks a contact that is known by its e-mail address alone, so that no vendor's id can be taken for one. */
export const EMAIL_PREFIX = 'email:'

/** Marks a contact of test events, so that they are nobody's history. */
export const TEST_PREFIX = 'test:'

/** The person behind the contact of an event, as a column of a query over `events AS e`. */
export const PERSON_OF_E =
  '(SELECT CAST(c.person AS TEXT) FROM contacts AS c WHERE c.source = e.source AND c.contact = e.contact)'

/** What an event tells of its contact: the address unless it is an old one, and the site. */
export type Sighting = { event: EventId; email: string | undefined; site: string | undefined }

/** A contact as it is kept. */
export type ContactKey = { source: string; contact: string }

/** Fails, and its transaction with it, when a contact is known that was taken for new. */
export function requireUnseen(
  db: BatchDatabase,
  { source, contact }: ContactKey,
): D1PreparedStatement {
  return db
    .prepare('INSERT INTO contacts SELECT * FROM contacts WHERE source = ?1 AND contact = ?2')
    .bind(source, contact)
}

const IS_KNOWN_SITE = 'instr(known_sites, json_quote(site)) > 0'

/** What an event may be about, for a history of all kinds. */
const KINDS = [...new Set(Object.keys(EVENT_DATA).map((type) => type.split('.')[0]))]

// Told already by an event that happened later, by times of the same sort. Asked only when an address is another one.
const IS_OLD = `EXISTS (
  SELECT 1 FROM events AS newer
  WHERE newer.status IN ('accepted', 'derived') AND newer.source = e.source AND newer.contact = e.contact
    AND ${kindOf('newer.type')} IN (${KINDS.map((kind) => `'${kind}'`).join()}) AND newer.at > e.at
    AND newer.event ->> '$.data.contact.email_normalized' IS NOT NULL
    AND (newer.event ->> 'timebasis' = 'received') = (e.event ->> 'timebasis' = 'received'))`

// A contact that is new joins the person of the same vendor's contact of that id, else of the same address, else is
// somebody new. One that is known stays whose it is, whatever its address becomes. Only accepted events tell of anybody.
const SEE = `
WITH seen AS (
  SELECT e.key, e.source, e.contact, e.vendor, told.value ->> 'site' AS site,
    CASE WHEN known.email <> told.value ->> 'email' AND ${IS_OLD} THEN NULL ELSE told.value ->> 'email' END AS email,
    known.person AS known_person, known.email AS known_email, COALESCE(known.sites, '[]') AS known_sites
  FROM json_each(?1) AS told CROSS JOIN events AS e ON e.key = CAST(told.value ->> 'event' AS INTEGER)
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

/** Sightings in groups that one statement can take: in each, an address stands once, as it joins who comes after. */
export function byAddress(sightings: readonly Sighting[]): Sighting[][] {
  const groups: Sighting[][] = []
  for (const sighting of sightings) {
    const { email } = sighting
    const isFree = (group: Sighting[]) =>
      email === undefined || group.every((other) => other.email !== email)
    const group = groups.find(isFree)
    if (group === undefined) groups.push([sighting])
    else group.push(sighting)
  }
  return groups
}

/** Takes note of who some events are about. `siblings`: the sources in which a vendor's contact ids mean the same. */
export function seeContacts(
  db: BatchDatabase,
  sightings: readonly Sighting[],
  siblings: readonly string[],
): D1PreparedStatement {
  const seen = sightings.map((sighting) => ({ ...sighting, event: keyOfId(sighting.event) }))
  return db.prepare(SEE).bind(JSON.stringify(seen), JSON.stringify(siblings))
}
