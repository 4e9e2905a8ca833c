// Which deliveries a replay by filter matches, as SQL; the same for packed ones is `matchesReplay` (core/deliveries/replay.ts).
import type { ReplayFilter } from '../../../core/deliveries/replay.ts'
import { EMAIL_PREFIX, foldEmail } from '../../../core/events/contact-key.ts'
import { isPersonId, keyOfId } from '../../../core/id.ts'
import { isKeyOf } from '../../events/people.ts'

// Deliveries that wait for an attempt need no replay. `?1`: a filter as `bindFilter` returns it. `?2`: the configured
// targets, as JSON.
const MATCHES = `
d.state NOT IN ('pending', 'retrying') AND e.status IN ('accepted', 'derived')
AND d.target IN (SELECT value FROM json_each(?2))
AND (?1 ->> 'targets' IS NULL OR d.target IN (SELECT value FROM json_each(?1, '$.targets')))
AND (?1 ->> 'states' IS NULL OR d.state IN (SELECT value FROM json_each(?1, '$.states')))
AND (?1 ->> 'sources' IS NULL OR e.source IN (SELECT value FROM json_each(?1, '$.sources')))
AND (?1 ->> 'types' IS NULL OR EXISTS (
  SELECT 1 FROM json_each(?1, '$.types') AS pattern
  WHERE pattern.value = e.type OR (pattern.value LIKE '%*'
    AND substr(pattern.value, 1, length(pattern.value) - 1) = substr(e.type, 1, length(pattern.value) - 1))))`

/**
 * SQL: the contacts of the person of a filter: those with this id of a vendor or this address, or of this person. Each source
 * is found by the index, so that few rows are read.
 */
export const CONTACTS_OF_PERSON = `
WITH RECURSIVE known (source) AS (
  SELECT min(source) FROM contacts
  UNION ALL
  SELECT (SELECT min(source) FROM contacts WHERE source > known.source) FROM known WHERE source IS NOT NULL)
SELECT c.source, c.contact FROM known CROSS JOIN contacts AS c ON c.source = known.source
  AND (${isKeyOf('c.contact', `(?1 ->> 'person')`)} OR ${isKeyOf('c.contact', `('${EMAIL_PREFIX}' || (?1 ->> 'email'))`)})
UNION
SELECT source, contact FROM contacts WHERE email = ?1 ->> 'email'
UNION
SELECT source, contact FROM contacts WHERE person = COALESCE(
  (SELECT merged_into FROM merged_people WHERE person = CAST(?1 ->> 'personKey' AS INTEGER)),
  CAST(?1 ->> 'personKey' AS INTEGER))`

/**
 * The matches of a filter among the deliveries of some events, as a piece of SQL that starts with FROM: `deliveries AS d`
 * and `events AS e`. `keys`: a condition on the key of the event. Reads all deliveries with these keys, or, where the filter
 * names a person, those of the person's events.
 */
export function matchesFrom({ person }: ReplayFilter, keys: (column: string) => string): string {
  const rows =
    person === undefined
      ? `deliveries AS d CROSS JOIN events AS e ON e.key = d.event WHERE ${keys('d.event')}`
      : `(${CONTACTS_OF_PERSON}) AS own CROSS JOIN events AS e ON e.status IN ('accepted', 'derived')
           AND e.source = own.source AND e.contact = own.contact
         CROSS JOIN deliveries AS d ON d.event = e.key WHERE ${keys('e.key')}`
  return `FROM ${rows} AND ${MATCHES}`
}

/** Returns a filter as JSON for the statements, with its person as a contact id, as an address and, if it is one, as a key. */
export function bindFilter(filter: ReplayFilter): string {
  if (filter.person === undefined) return JSON.stringify(filter)
  const person = filter.person.trim()
  const personKey = isPersonId(person) ? keyOfId(person) : undefined
  return JSON.stringify({ ...filter, person, email: foldEmail(person), personKey })
}
