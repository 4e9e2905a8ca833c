// Whose a value is that was found: the erased person's, another's who has the same address or name, or that of somebody who came
// after the erasure, perhaps the same human again.

import { firstKeyAt, idOfKey, isEventId, keyOfId, type PersonId } from '../../../core/id.ts'
import { isObject, type JsonObject } from '../../../core/intake/json.ts'
import type { ErasedValue } from '../../../core/operate/erasure/erasure.ts'
import { type ValueKind, valuesOfKey, valuesOfParts } from '../../../core/operate/erasure/values.ts'
import { hashWords } from '../../../core/operate/erasure/words.ts'
import { ownerOfObject } from '../../../store/events/bodies/objects.ts'
import { getErasure } from '../../../store/operate/erasure/erasures.ts'
import { type Owner, readOwners, readPersons } from '../../../store/operate/erasure/owners.ts'
import { placeKey, shownPlace } from '../../../store/operate/erasure/tables.ts'

/** What is searched for: the hashes of a receipt, and when the erasure was asked for, in epoch milliseconds. */
export type Searched = {
  person: PersonId
  askedAt: number
  salt: string
  values: readonly ErasedValue[]
}

/** Values in one text of one row, or in a line of it. */
export type Hit = {
  table: string
  column: string
  place: readonly string[]
  line: string
  values: readonly ErasedValue[]
}

/** What was found and where. `row`: the id of an event, the key of a row; not where that itself is a value. */
export type Finding = { table: string; column: string; row: string; kinds: ValueKind[] }

export type Judged = { whose: 'erased' | 'other' | 'later'; finding: Finding }

/** Judges hits. What is nobody's by all that is known is taken for the erased person's. */
export async function judge(
  db: D1Database,
  searched: Searched,
  hits: readonly Hit[],
): Promise<Judged[]> {
  const erasure = await getErasure(db, searched.person)
  const cut = BigInt(erasure?.cut ?? firstKeyAt(searched.askedAt))
  const keys = hits.map(eventKeyOf)
  const owners = await ownersOf(db, hits, keys)
  const judged = await Promise.all(
    hits.map(async (hit, i): Promise<Judged | undefined> => {
      const key = keys[i]
      const owner = owners[i]
      const values = hit.values.filter((value) => isOfSource(value, owner))
      if (values.length === 0) return undefined
      return {
        whose: await whoseIs(hit, key, owner, { values, cut, salt: searched.salt }),
        finding: findingOf(hit, key, values),
      }
    }),
  )
  return judged.flatMap((one) => one ?? [])
}

/** Whose the hits are, in their order, as far as a line, a row of contacts or the event tells it. */
async function ownersOf(
  db: D1Database,
  hits: readonly Hit[],
  keys: readonly (string | undefined)[],
): Promise<(Owner | undefined)[]> {
  const said = hits.map(ownerIn)
  const persons = await readPersons(
    db,
    said.map((owner) => owner ?? { source: '', contact: null }),
  )
  const known = await readOwners(
    db,
    keys.flatMap((key, i) => (said[i] ? [] : (key ?? []))),
  )
  return hits.map((_, i) => {
    const [own, key, person] = [said[i], keys[i], persons[i]]
    if (own !== undefined) return { ...own, person, isKnown: person !== undefined }
    return key === undefined ? undefined : known.get(key)
  })
}

/** Whether a value may be meant: an id is one of its own source, and any in what has no source. */
function isOfSource({ kind, source }: ErasedValue, owner: Owner | undefined): boolean {
  return kind !== 'id' || owner === undefined || owner.source === 'relay' || owner.source === source
}

/** What two contacts may have in common. */
const SHARED_COLUMNS = ['contact', 'email', 'former', 'name']

async function whoseIs(
  { table, column }: Hit,
  key: string | undefined,
  owner: Owner | undefined,
  { values, cut, salt }: { values: readonly ErasedValue[]; cut: bigint; salt: string },
): Promise<Judged['whose']> {
  if (key !== undefined && BigInt(key) >= cut) return 'later'
  if (owner?.person !== undefined && BigInt(owner.person) >= cut) return 'later'
  if (owner === undefined || !owner.isKnown || values.some(({ kind }) => kind === 'id'))
    return 'erased'
  if (table === 'contacts') return SHARED_COLUMNS.includes(column) ? 'other' : 'erased'
  const { source, contact, parts } = owner
  const { emergency_contact: _, ...own } = isObject(parts.contact)
    ? parts.contact
    : ({} as JsonObject)
  const theirs = [
    ...valuesOfKey(source, contact ?? ''),
    ...valuesOfParts({ ...parts, contact: own }),
  ]
  const hashes = await Promise.all(theirs.map(({ words }) => hashWords(words, salt)))
  return values.every((value) => hashes.some(({ hash }) => hash === value.hash))
    ? 'other'
    : 'erased'
}

/** Whether a row of a table begins with the key of its event, which has an owner. Its texts may be a vendor's. */
const isOfEvent = (table: string) => ['events', 'deliveries', 'bodies'].includes(table)

/** The key of the event that a hit is in; undefined where it is in none. */
function eventKeyOf({ table, place, line }: Hit): string | undefined {
  if (isOfEvent(table)) return placeKey(place[0])
  const owner = table === 'archive' ? ownerOfObject(place[0] ?? '') : undefined
  if (owner !== undefined) return owner
  const { id } = objectIn(line) ?? {}
  return typeof id === 'string' && isEventId(id) ? keyOfId(id) : undefined
}

/** The owner that a row of contacts, or a line of a pack, names itself. */
function ownerIn({ table, place, line }: Hit): Owner | undefined {
  if (table === 'contacts') return ownerOf(place[0] ?? '', place[1], {})
  if (isOfEvent(table) || ownerOfObject(place[0] ?? '') !== undefined) return undefined
  const { source, contact, event } = objectIn(line) ?? {}
  if (typeof source !== 'string') return undefined
  return ownerOf(source, contact, isObject(event) && isObject(event.data) ? event.data : {})
}

function ownerOf(
  source: string,
  contact: unknown,
  { contact: data, message, checkin }: JsonObject,
): Owner {
  return {
    source,
    contact: typeof contact === 'string' ? contact : null,
    person: undefined,
    isKnown: false,
    parts: {
      contact: data,
      to: isObject(message) ? message.to : null,
      fob: isObject(checkin) ? checkin.fob_number : null,
    },
  }
}

/** The object of a line of JSON; undefined for any other text. */
function objectIn(line: string): JsonObject | undefined {
  const start = line.indexOf('{')
  if (start < 0) return undefined
  try {
    const value: unknown = JSON.parse(line.slice(start))
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** What an operator is shown: never a place that is a value itself. */
function findingOf(
  { table, column, place }: Hit,
  key: string | undefined,
  values: readonly ErasedValue[],
): Finding {
  const kinds = [...new Set(values.map(({ kind }) => kind))]
  const isNamed = table === 'archive' || place.every((part) => placeKey(part) !== undefined)
  const shown = isNamed ? shownPlace(place) : 'a row whose key is not shown'
  return { table, column, row: key === undefined ? shown : idOfKey(key), kinds }
}
