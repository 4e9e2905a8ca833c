// The rows of `packed_facts`.
import {
  type ContactFacts,
  firstOf,
  type Got,
  NO_FACTS,
} from '../../../core/events/facts/contact-facts.ts'
import { type FactOwner, readFacts, writeFacts } from '../../../core/events/facts/fact-text.ts'
import { idOfKey, keyOfId } from '../../../core/id.ts'

/** What is kept of a contact, and the revision of its row: 0 if there is none. */
export type StoredFacts = { owner: FactOwner; revision: number; known: ContactFacts }

type Row = {
  source: string
  contact: string
  revision: number | null
  facts: string
  delivered: string
  addressed: number | null
  addressed_received: number | null
}

const KEPT = `
SELECT t.value ->> 'source' AS source, t.value ->> 'contact' AS contact, f.revision, f.facts, f.delivered, f.addressed,
  f.addressed_received
FROM json_each(?1) AS t
LEFT JOIN packed_contacts AS c ON c.source = t.value ->> 'source' AND c.contact = t.value ->> 'contact'
LEFT JOIN packed_facts AS f ON f.contact = c.number`

/** Returns what is kept of some contacts, in their order. */
export async function listStored(
  db: D1Database,
  owners: readonly FactOwner[],
): Promise<StoredFacts[]> {
  const { results } = await db.prepare(KEPT).bind(JSON.stringify(owners)).all<Row>()
  return results.map((row) => {
    const { source, contact, revision } = row
    const owner = { source, contact }
    return revision === null
      ? { owner, revision: 0, known: NO_FACTS }
      : { owner, revision, known: contactFactsOf(row, owner) }
  })
}

type Delivered = Record<string, [last: string | null, ...dead: string[]]>

function contactFactsOf(row: Row, owner: FactOwner): ContactFacts {
  const delivered = Object.entries(JSON.parse(row.delivered) as Delivered)
  return {
    facts: readFacts(row.facts, owner),
    delivered: new Map(
      delivered.map(([target, [last, ...dead]]): [string, Got] => [
        target,
        { last: last === null ? undefined : idOfKey(last), dead: dead.map(idOfKey) },
      ]),
    ),
    addressed: {
      vendor: row.addressed ?? undefined,
      received: row.addressed_received ?? undefined,
    },
  }
}

/** The columns of what is kept; undefined where nothing is left. */
export function columnsOf({ owner, revision, known }: StoredFacts) {
  const first = firstOf(known)
  if (first === undefined) return undefined
  const delivered = [...known.delivered].map(([target, { last, dead }]) => [
    target,
    [last === undefined ? null : keyOfId(last), ...dead.map(keyOfId)],
  ])
  return {
    ...owner,
    revision,
    first: keyOfId(first),
    facts: writeFacts(known.facts, owner),
    delivered: JSON.stringify(Object.fromEntries(delivered)),
    addressed: known.addressed.vendor ?? null,
    received: known.addressed.received ?? null,
  }
}
