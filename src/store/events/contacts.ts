// The contacts of every source, and the person behind each. They are updated by the transaction that writes their events.
import type { ContactClaim } from '../../core/events/contact-key.ts'
import { MAX_AHEAD_MS } from '../../core/events/event.ts'
import { EVENT_KINDS } from '../../core/events/vocabulary.ts'
import { type EventId, keyOfId } from '../../core/id.ts'
import type { BatchDatabase } from '../group-commit.ts'
import { timeOfKey } from '../segments.ts'
import { kindOf } from './history.ts'
import { IS_ELSEWHERE, IS_SEPARATED, joinOf } from './joins.ts'
import { KIND_OF_REPEATS } from './packs/kinds.ts'

/** The person behind the contact of an event, as a column of a query over `events AS e`. */
export const PERSON_OF_E =
  '(SELECT CAST(c.person AS TEXT) FROM contacts AS c WHERE c.source = e.source AND c.contact = e.contact)'

/** The same with a space and how the contact came to the person, where that is known. */
export const JOINED_PERSON_OF_E = PERSON_OF_E.replace(
  'AS TEXT)',
  "AS TEXT) || COALESCE(' ' || c.basis, '')",
)

/**
 * What an event reports of its contact: the address and the name unless they are old ones, and the site. `joins`: whether
 * the address may join it to contacts of other vendors.
 */
export type ContactUpdate = Omit<ContactClaim, 'scoped'> & { event: EventId; joins: boolean }

// A later event has an address already, by times of the same sort that are credible. Asked only when the address differs.
const IS_OLD = `(EXISTS (
  SELECT 1 FROM events AS newer
  WHERE newer.status IN ('accepted', 'derived') AND newer.source = e.source AND newer.contact = e.contact
    AND ${kindOf('newer.type')} IN (${EVENT_KINDS.map((kind) => `'${kind}'`).join()}) AND newer.at > e.at
    AND newer.at <= ${timeOfKey('newer.key')} + ${MAX_AHEAD_MS}
    AND newer.event ->> '$.data.contact.email_normalized' IS NOT NULL
    AND (newer.event ->> 'timebasis' = 'received') = (e.event ->> 'timebasis' = 'received'))
  OR e.at < (SELECT CASE WHEN e.event ->> 'timebasis' = 'received' THEN f.addressed_received ELSE f.addressed END
    FROM packed_contacts AS p CROSS JOIN packed_facts AS f ON f.contact = p.number
    WHERE p.source = e.source AND p.contact = e.contact))`

const IS_KNOWN_SITE = 'instr(known_sites, json_quote(site)) > 0'
const IS_NEW_ADDRESS = 'COALESCE(email, known_email) IS NOT known_email'

/** SQL: the key of the first event of the contact `c` with a status, which packed ones have by their kind. */
const firstEvent = (status: string, kind: string) =>
  `(SELECT min(key) FROM (
     SELECT min(key) AS key FROM events WHERE status ${status} AND source = c.source AND contact = c.contact
     UNION ALL SELECT min(p.key) FROM packed_contacts AS o CROSS JOIN packed_events AS p ON p.contact = o.number AND p.kind ${kind}
     WHERE o.source = c.source AND o.contact = c.contact))`

const FIRST_EVENT = firstEvent("IN ('accepted', 'derived')", '>= 0')
const FIRST_REPEAT = firstEvent("= 'duplicate'", `= ${KIND_OF_REPEATS}`)

// `told`: what the events report. `seen`: of that, what is to be believed. `changed`: the contacts that it changes. With them
// are written those that are separated, since they were joined by an address that turns out to be shared: their person is
// that of their own first event (of their first repeat, where retention left no more), and nothing else of them changes.
// A new contact may join a person; a known one keeps its person, whatever its address becomes. Only accepted events count.
const UPSERT = `
WITH told AS (
  SELECT e.key, e.source, e.contact, e.vendor, e.at, e.event, t.value ->> 'account' AS account, t.value ->> 'site' AS site,
    t.value ->> 'email' AS email, t.value ->> 'name' AS name, t.value ->> 'joins' AS joins
  FROM json_each(?1) AS t CROSS JOIN events AS e ON e.key = CAST(t.value ->> 'event' AS INTEGER)
  WHERE e.status = 'accepted' AND e.contact IS NOT NULL
), seen AS (
  SELECT e.key, e.source, e.contact, e.vendor, e.account, e.name, e.joins,
    CASE WHEN ${IS_ELSEWHERE} THEN NULL ELSE e.site END AS site,
    CASE WHEN known.email <> e.email AND (${IS_ELSEWHERE} OR ${IS_OLD}) THEN NULL ELSE e.email END AS email,
    known.person AS known_person, known.email AS known_email, known.account AS known_account, known.name AS known_name,
    known.former AS known_former, known.basis AS known_basis, COALESCE(known.sites, '[]') AS known_sites
  FROM told AS e LEFT JOIN contacts AS known ON known.source = e.source AND known.contact = e.contact
), changed AS MATERIALIZED (
  SELECT *, CASE WHEN known_person IS NULL THEN ${joinOf('?2')} END AS joined FROM seen
  WHERE known_person IS NULL OR ${IS_NEW_ADDRESS} OR (name IS NOT NULL AND known_name IS NULL)
    OR (account IS NOT NULL AND known_account IS NULL) OR (site IS NOT NULL AND NOT ${IS_KNOWN_SITE})
)
INSERT INTO contacts (source, contact, vendor, person, email, sites, account, name, former, basis)
SELECT source, contact, vendor, COALESCE(known_person, CAST(joined ->> 'person' AS INTEGER), key), COALESCE(email, known_email),
  CASE WHEN site IS NULL OR ${IS_KNOWN_SITE} THEN known_sites ELSE json_insert(known_sites, '$[#]', site) END,
  COALESCE(known_account, account), COALESCE(name, known_name),
  CASE WHEN ${IS_NEW_ADDRESS} THEN known_email ELSE known_former END, COALESCE(joined ->> 'basis', known_basis)
FROM changed
UNION ALL
SELECT c.source, c.contact, c.vendor, COALESCE(${FIRST_EVENT}, ${FIRST_REPEAT}, c.person),
  NULL, '[]', NULL, NULL, NULL, NULL
FROM changed AS seen CROSS JOIN contacts AS c
WHERE (seen.known_person IS NULL OR seen.email <> COALESCE(seen.known_email, '')) AND ${IS_SEPARATED}
ON CONFLICT (source, contact) DO UPDATE SET person = excluded.person, email = COALESCE(excluded.email, contacts.email),
  account = COALESCE(excluded.account, contacts.account), name = COALESCE(excluded.name, contacts.name),
  former = COALESCE(excluded.former, contacts.former), basis = excluded.basis, sites = (
  SELECT json_group_array(value) FROM (
    SELECT value FROM json_each(contacts.sites) UNION SELECT value FROM json_each(excluded.sites)))`

/** Updates in groups for one statement each. A group has each contact and each address once: its first row may create the
 * contact or the person that the next one has to find. */
export function inGroups(updates: readonly ContactUpdate[]): ContactUpdate[][] {
  const groups: ContactUpdate[][] = []
  for (const update of updates) {
    const { email, contact } = update
    const isFree = (group: ContactUpdate[]) =>
      group.every((other) => other.contact !== contact && (email === null || other.email !== email))
    const group = groups.find(isFree)
    if (group === undefined) groups.push([update])
    else group.push(update)
  }
  return groups
}

/** The statement that updates the contacts of some events. `siblings`: sources of which some may be of one vendor. */
export function updateContacts(
  db: BatchDatabase,
  updates: readonly ContactUpdate[],
  siblings: readonly string[],
): D1PreparedStatement {
  const told = updates.map((update) => ({ ...update, event: keyOfId(update.event) }))
  return db.prepare(UPSERT).bind(JSON.stringify(told), JSON.stringify(siblings))
}
