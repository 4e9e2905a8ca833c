// Messages of erased contacts: one that was received before its contact was erased, but recorded later, and one that is kept
// out. Both become an erased event, without any value. An isolate knows the hashes of erased contacts, and D1 refuses
// what it writes when they have changed: so a message is never compared with an old list, and a relay that has erased nobody
// hashes nothing.
import { type ContactClaim, claimOf } from '../../core/events/contact-key.ts'
import type { RelayEvent } from '../../core/events/event.ts'
import { isSystemEvent } from '../../core/events/system-event.ts'
import { type EventId, keyOfId } from '../../core/id.ts'
import { NO_BODY } from '../../core/intake/request.ts'
import { addressesIn, noteOfAddress, notesFor } from '../../core/operate/erasure/contact.ts'
import { keyedHash } from '../../core/operate/erasure/words.ts'
import type { BatchDatabase } from '../group-commit.ts'

/** An erasure as intake knows it: events with a key below `cut` are erased, later ones only if they are kept out. */
type Known = { person: string; cut: bigint; suppress: boolean }

/** What an isolate knows of erased contacts, by the hashes of their notes. */
export type ErasedContacts = {
  version: number
  key: string
  byHash: ReadonlyMap<string, Known[]>
}

const NOBODY: ErasedContacts = { version: 0, key: '', byHash: new Map() }

let known = NOBODY

/** What this isolate knows. It is compared in the transaction that writes (`IS_CURRENT`). */
export const knownErased = (): ErasedContacts => known

/** SQL: whether a version of the erased contacts is that of the database. */
export const isCurrent = (version: string) => `${version} = (SELECT version FROM erasing)`

/** True when a write was refused because other contacts are erased by now. */
export function isErasureUnknown(error: unknown): boolean {
  return /NOT NULL constraint failed: events\.source/.test(String(error))
}

/** Reads who is erased now. */
export async function readErased(db: BatchDatabase): Promise<void> {
  const [state, rows] = await db.batch([
    db.prepare('SELECT version, key FROM erasing'),
    db.prepare(
      `SELECT hash, CAST(person AS TEXT) AS person, CAST(cut AS TEXT) AS cut, suppress
       FROM erased_contacts CROSS JOIN erasures USING (person)`,
    ),
  ])
  const { version, key } = (state?.results[0] ?? NOBODY) as { version: number; key: string }
  const all = (rows?.results ?? []) as {
    hash: string
    person: string
    cut: string
    suppress: number
  }[]
  const byHash = Map.groupBy(all, ({ hash }) => hash)
  known = {
    version,
    key,
    byHash: new Map(
      [...byHash].map(([hash, own]) => [
        hash,
        own.map(({ person, cut, suppress }) => ({
          person,
          cut: BigInt(cut),
          suppress: suppress === 1,
        })),
      ]),
    ),
  }
}

/** The part of a record that says who it is about. */
type Arriving = {
  id: EventId
  source: string
  contactId: string | undefined
  content: { event: RelayEvent } | { issues: unknown }
  raw: { text: string }
}

/** Whether a record is of an erased contact: the person that was, and whether it is kept out; undefined if it is not. */
async function erasedFor(
  record: Arriving,
  { byHash, key }: ErasedContacts,
): Promise<{ person: string; isKeptOut: boolean } | undefined> {
  if (byHash.size === 0) return undefined
  const own = BigInt(keyOfId(record.id))
  for (const note of notesOfRecord(record)) {
    for (const { person, cut, suppress } of byHash.get(await keyedHash(note, key)) ?? []) {
      if (own < cut) return { person, isKeptOut: false }
      if (suppress) return { person, isKeptOut: true }
    }
  }
  return undefined
}

/** What of a record stays when it is erased: that it came, from where, and by what a repeat of it is recognised. */
type Erasable = Arriving & {
  entry: 'received' | 'released' | object
  type: string
  vendor: string
  hops: number
  dedupKey: string
  dedupStamp: string | undefined
  headers: Record<string, string>
  deliveryHeader?: string | undefined
  isErased?: true
}

/** Returns a record without any value if its contact was erased and it came before that, or is kept out. */
export async function withoutErased<R extends Erasable>(
  record: R,
  known: ErasedContacts,
): Promise<R> {
  if (record.isErased) return record
  const erased = await erasedFor(record, known)
  // What is inferred is only written with its cause.
  if (erased === undefined || typeof record.entry === 'object') return record
  const { id, source, vendor, type, hops, dedupKey, dedupStamp, entry } = record
  const { deliveryHeader = '', headers } = record
  const mark = headers[deliveryHeader]
  const kept: Erasable & Record<string, unknown> = {
    ...{ id, source, vendor, type, hops, dedupKey, dedupStamp, entry, isErased: true },
    vendorType: undefined,
    contactId: undefined,
    content: { issues: [] },
    deliveries: [],
    raw: NO_BODY,
    headers: mark === undefined ? {} : { [deliveryHeader]: mark },
    eventName: undefined,
    ...(erased.isKeptOut ? { keptOutBy: erased.person } : {}),
  }
  return kept as unknown as R
}

function notesOfRecord({ source, contactId, content, raw }: Arriving): string[] {
  if ('issues' in content) return addressesIn(raw.text).map(noteOfAddress)
  if (isSystemEvent(content.event) || contactId === undefined) return []
  const claim: ContactClaim = claimOf(contactId, content.event.data)
  return notesFor(source, claim)
}
