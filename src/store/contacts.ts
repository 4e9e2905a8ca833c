// Who is who: the contacts of every source, joined to persons. The statement that keeps them is part of the transaction
// that records their events.
import { type EventId, keyOfId } from '../core/id.ts'

/** The person behind the contact of an event, as a column of a query over `events AS e`. */
export const PERSON_OF_E =
  '(SELECT CAST(c.person AS TEXT) FROM contacts AS c WHERE c.source = e.source AND c.contact = e.contact)'

/** What an event tells of its contact: the address unless it is an old one, and the site. */
export type Sighting = { event: EventId; email: string | undefined; site: string | undefined }

// A contact that is new joins the person of the same vendor's contact of that id, else of the same address, else is
// somebody new. One that is known stays whose it is, whatever its address becomes. Only accepted events tell of anybody.
const SEE = `
INSERT INTO contacts (source, contact, vendor, person, email, sites)
SELECT e.source, e.contact, e.vendor,
  CASE WHEN known.person IS NOT NULL THEN known.person ELSE COALESCE(
    (SELECT person FROM contacts WHERE source IN (SELECT value FROM json_each(?2)) AND contact = e.contact
       AND vendor = e.vendor LIMIT 1),
    (SELECT person FROM contacts WHERE email = seen.value ->> 'email' AND apart = 0 ORDER BY person LIMIT 1),
    e.key) END,
  COALESCE(seen.value ->> 'email', known.email),
  CASE WHEN seen.value ->> 'site' IS NULL OR ${isAt('known.sites')} THEN COALESCE(known.sites, '[]')
    ELSE json_insert(COALESCE(known.sites, '[]'), '$[#]', seen.value ->> 'site') END
FROM json_each(?1) AS seen CROSS JOIN events AS e ON e.key = CAST(seen.value ->> 'event' AS INTEGER)
LEFT JOIN contacts AS known ON known.source = e.source AND known.contact = e.contact
WHERE e.status = 'accepted' AND e.contact IS NOT NULL AND (known.person IS NULL
  OR COALESCE(seen.value ->> 'email', known.email) IS NOT known.email
  OR (seen.value ->> 'site' IS NOT NULL AND NOT ${isAt('known.sites')}))
ON CONFLICT (source, contact) DO UPDATE SET email = excluded.email, sites = (
  SELECT json_group_array(value) FROM (
    SELECT value FROM json_each(contacts.sites) UNION SELECT value FROM json_each(excluded.sites)))`

/** Whether a list of sites has the one that was seen. */
function isAt(sites: string): string {
  return `instr(COALESCE(${sites}, ''), json_quote(seen.value ->> 'site')) > 0`
}

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
  db: D1Database,
  sightings: readonly Sighting[],
  siblings: readonly string[],
): D1PreparedStatement {
  const seen = sightings.map((sighting) => ({ ...sighting, event: keyOfId(sighting.event) }))
  return db.prepare(SEE).bind(JSON.stringify(seen), JSON.stringify(siblings))
}
