// The rules of who is who, as SQL: which contact an event is about, which person a new contact joins, and who is separated.
// docs/events.md ("People") has them as sentences; core/events/people.ts applies them to contacts that were joined before.

/**
 * The most contacts of one source that may share an address which joins. A household is rarely larger; the address of a desk
 * has more after a few days. Within a household, names decide.
 */
const MAX_SHARING = 5

/** Rows of one address that are looked at: enough to see more than `MAX_SHARING` of a source among a few sources. */
const LOOK_AT = 20

/** Neither name begins with the other: as words, so that Ana is not the beginning of Anabel. Null where one is unknown. */
const isOtherName = (a: string, b: string) =>
  `(instr(${a} || ' ', ${b} || ' ') <> 1 AND instr(${b} || ' ', ${a} || ' ') <> 1)`

// That of a contact of before is in its events.
const isOtherAccount = (claim: string) => `CASE WHEN ${claim} ->> 'account' IS NULL THEN 0
  ELSE ${claim} ->> 'account' <> COALESCE(account, (SELECT e.event ->> '$.data.account.vendor_id' FROM events AS e
    WHERE e.status IN ('accepted', 'derived') AND e.source = contacts.source AND e.contact = contacts.contact LIMIT 1)) END`

/**
 * The key of the contact that a claim (core/events/contact-key.ts) is about: the scoped one where there is such a contact, or
 * where the bare key belongs to another account, or to a client of other sites with another name and another address.
 */
export const keyOfClaim = (source: string, claim: string) => `COALESCE(
  (SELECT contact FROM contacts WHERE source = ${source} AND contact = ${claim} ->> 'scoped'),
  (SELECT ${claim} ->> 'scoped' FROM contacts WHERE source = ${source} AND contact = ${claim} ->> 'contact'
    AND (${isOtherAccount(claim)} OR (email <> ${claim} ->> 'email' AND ${isOtherName('name', `(${claim} ->> 'name')`)}
      AND sites <> '[]' AND instr(sites, json_quote(${claim} ->> 'site')) = 0))),
  ${claim} ->> 'contact')`

/**
 * Whether the event `e` is about a contact `known` at a new site, with another address and without a name: nothing shows that
 * it is the same human, so it changes nothing.
 */
export const IS_ELSEWHERE = `(known.email <> e.email AND e.name IS NULL AND e.site IS NOT NULL AND known.sites <> '[]'
  AND instr(known.sites, json_quote(e.site)) = 0)`

const givenOf = (name: string) => `(substr(${name}, 1, instr(${name} || ' ', ' ') - 1))`

const lastOf = (name: string) => `replace(${name}, rtrim(${name}, replace(${name}, ' ', '')), '')`
const hasOneWord = (name: string) => `instr(${name}, ' ') = 0`

/**
 * One given name begins with the other (Sam and Samantha, A. and Ana), and the last words are equal where both have more than
 * one, or one name is the beginning of the other. Null where a name is unknown.
 */
const isAlike = (a: string, b: string) =>
  `((instr(${givenOf(a)}, ${givenOf(b)}) = 1 OR instr(${givenOf(b)}, ${givenOf(a)}) = 1)
    AND (${hasOneWord(a)} OR ${hasOneWord(b)} OR ${lastOf(a)} = ${lastOf(b)} OR NOT ${isOtherName(a, b)}))`

/** Two contacts of one vendor account: they are two people. One without an account is of before, and of any. */
const isSameAccount = (a: string, b: string) =>
  `(${a}.source = ${b}.source AND COALESCE(${a}.account = ${b}.account, 1))`

const IS_SHARED = `EXISTS (
  SELECT 1 FROM (SELECT source FROM contacts WHERE email = seen.email LIMIT ${LOOK_AT}) AS r
  GROUP BY r.source HAVING count(*) + (r.source = seen.source) > ${MAX_SHARING})`

/** SQL: whether more contacts of one source have the address of the contact `c` than a household has. */
export const HAS_SHARED_ADDRESS = `EXISTS (
  SELECT 1 FROM (SELECT source FROM contacts WHERE email = c.email LIMIT ${LOOK_AT}) AS r
  GROUP BY r.source HAVING count(*) > ${MAX_SHARING})`

// The only one of its account at the address; or, of several, the only one whose given name is alike.
const BY_ADDRESS = `
SELECT o.person FROM contacts AS o
WHERE o.email = seen.email AND o.vendor <> seen.vendor AND o.apart = 0
  AND NOT EXISTS (SELECT 1 FROM contacts AS m WHERE m.person = o.person AND ${isSameAccount('m', 'seen')})
  AND (SELECT CASE WHEN ${isAlike('seen.name', 'o.name')} THEN sum(${isAlike('seen.name', 'r.name')}) = 1
      ELSE (seen.name IS NULL OR o.name IS NULL) AND count(*) = 1 END
    FROM contacts AS r WHERE r.email = seen.email AND ${isSameAccount('r', 'o')})
  AND NOT EXISTS (SELECT 1 FROM contacts AS r WHERE r.email = seen.email AND ${isSameAccount('r', 'seen')}
    AND CASE WHEN ${isAlike('seen.name', 'o.name')} THEN ${isAlike('r.name', 'o.name')} ELSE 1 END)
ORDER BY o.person LIMIT 1`

const BY_FORMER = `
SELECT o.person FROM contacts AS o
WHERE o.former = seen.email AND o.vendor <> seen.vendor AND o.apart = 0
  AND COALESCE(${isAlike('seen.name', 'o.name')}, 1)
  AND NOT EXISTS (SELECT 1 FROM contacts AS m WHERE m.person = o.person AND ${isSameAccount('m', 'seen')})
  AND NOT EXISTS (SELECT 1 FROM contacts AS r WHERE r.email = seen.email)
  AND (SELECT count(*) FROM contacts AS r WHERE r.former = seen.email) = 1
LIMIT 1`

/** The same id in another source means the same contact where the account is the same, or else the address too. */
const byId = (siblings: string) => `
SELECT o.person FROM contacts AS o
WHERE o.source IN (SELECT value FROM json_each(${siblings})) AND o.contact = seen.contact AND o.source <> seen.source
  AND o.vendor = seen.vendor AND o.apart = 0 AND (o.account = seen.account OR (seen.joins AND o.email = seen.email)) LIMIT 1`

const found = (person: string, basis: string) =>
  `(SELECT json_object('person', CAST(person AS TEXT), 'basis', '${basis}') FROM (${person}))`

/** The person that a contact `seen` joins, as JSON `{person, basis}`, or null. */
export const joinOf = (siblings: string) => `COALESCE(${found(byId(siblings), 'id')},
  CASE WHEN seen.joins AND NOT ${IS_SHARED} THEN COALESCE(${found(BY_ADDRESS, 'address')}, ${found(BY_FORMER, 'former_address')}) END)`

/**
 * Whether `seen`, new at its address, is a reason to separate the contact `c`, which was joined by that address: too many have it
 * now, or names no longer tell with whom of two `c` belongs.
 */
export const IS_SEPARATED = `c.basis = 'address' AND c.email = seen.email AND EXISTS (
  SELECT 1 FROM contacts AS p
  WHERE p.person = c.person AND p.email = c.email AND p.vendor <> c.vendor
    AND (seen.source, seen.contact) NOT IN (VALUES (c.source, c.contact), (p.source, p.contact))
    AND (${isSameAccount('seen', 'c')} OR ${isSameAccount('seen', 'p')})
    AND NOT (COALESCE(${isAlike('c.name', 'p.name')}, 0)
      AND NOT COALESCE(${isAlike('seen.name', 'CASE WHEN seen.vendor = c.vendor THEN p.name ELSE c.name END')}, 0)
      AND (SELECT count(*) FROM (SELECT 1 FROM contacts AS r WHERE r.email = seen.email AND r.source = seen.source
        LIMIT ${LOOK_AT})) < ${MAX_SHARING}))`
