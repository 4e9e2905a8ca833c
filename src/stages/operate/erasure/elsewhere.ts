// Where else the values of an erased person are: messages that nobody could understand, events about who is who, and
// the small tables. They are found by the hashes of the values, which the events left.

import { type EventId, keyOfId } from '../../../core/id.ts'
import type { ErasedPlace, ErasedValue } from '../../../core/operate/erasure/erasure.ts'
import { valuesOfParts } from '../../../core/operate/erasure/values.ts'
import { findValues, hashWords } from '../../../core/operate/erasure/words.ts'
import type { Env, Tools } from '../../../env.ts'
import type { EventFilter } from '../../../store/events/event-filter.ts'
import { listEvents } from '../../../store/events/events.ts'
import { readMessages, type StoredMessage } from '../../../store/events/stored-message.ts'
import { listErasedValues, type RunningErasure } from '../../../store/operate/erasure/erasures.ts'
import { eraseRow, SMALL_TABLES } from '../../../store/operate/erasure/small-tables.ts'
import { listTables, readTable, textsOf } from '../../../store/operate/erasure/tables.ts'
import { eraseKeys } from './events.ts'
import { eraseLines } from './packed.ts'
import type { StepResult } from './step.ts'

/** Lists of events that are about nobody by their contact, and may contain a value. */
const LISTS: { filter: EventFilter; place: ErasedPlace }[] = [
  { filter: { statuses: ['quarantined'] }, place: 'quarantined' },
  { filter: { sources: ['relay'], types: ['relay.person_split'] }, place: 'events' },
]

/** Events of a page. */
const PAGE = 50

/** What an erasure looks for. `shared`: hashes of addresses that others have too. */
type Wanted = { salt: string; values: ErasedValue[]; shared: ReadonlySet<string> }

/** Erases what the next page of a list has of a person, or the small tables after the lists. */
export async function eraseElsewhere(
  env: Pick<Env, 'DB' | 'ARCHIVE'>,
  erasure: RunningErasure,
  tools: Tools,
): Promise<StepResult> {
  const { DB: db } = env
  const [n, cursor] = JSON.parse(erasure.place ?? '[0,null]') as [number, string | null]
  const wanted = await wantedOf(db, erasure)
  const list = LISTS[n]
  if (list === undefined) {
    await eraseSmallTables(db, erasure, wanted)
    return 'over'
  }
  const page = { limit: PAGE, ...(cursor === null ? {} : { cursor }) }
  const { items, next } = await listEvents(env, list.filter, page)
  const messages =
    items.length === 0
      ? []
      : await readMessages(
          env,
          items.map(({ id }) => id),
        )
  const ids: EventId[] = []
  for (const message of messages) {
    if (BigInt(keyOfId(message.id)) >= BigInt(erasure.cut)) continue
    if (message.unreadable !== undefined) {
      tools.log({ at: 'erasure', event: message.id, fault: message.unreadable })
      return 'waits'
    }
    const found = await findValues(textOf(message), wanted)
    if (isTheirs(found, message.source, wanted)) ids.push(message.id)
  }
  if (ids.length > 0)
    await eraseLines(env, ids, (keys) => eraseKeys(env, erasure, keys, list.place), tools)
  return { place: JSON.stringify(next === undefined ? [n + 1, null] : [n, next]) }
}

async function wantedOf(
  db: D1Database,
  { person, salt, contacts }: RunningErasure,
): Promise<Wanted> {
  const shared = contacts.filter(({ is_shared }) => is_shared === 1)
  const words = shared.flatMap(({ email }) =>
    valuesOfParts({ contact: { email }, to: null, fob: null }).map((value) => value.words),
  )
  const hashes = await Promise.all(words.map((one) => hashWords(one, salt)))
  return {
    salt,
    values: await listErasedValues(db, person),
    shared: new Set(hashes.map(({ hash }) => hash)),
  }
}

/** All texts of a message as one. */
function textOf({ raw, headers, event, issues, eventName }: StoredMessage): string {
  const bytes = raw?.text ?? ''
  return [
    bytes,
    eventName ?? '',
    ...[headers, event ?? {}, issues].map((one) => JSON.stringify(one)),
  ].join('\n')
}

/**
 * Whether what contains some values is about the person: an id of its source, an address that nobody else has, or values
 * of two kinds. A name alone may be another's, and so may the telephone number of a household.
 */
function isTheirs(
  found: readonly ErasedValue[],
  source: string | null,
  { shared }: Wanted,
): boolean {
  const own = found.filter((value) => !shared.has(value.hash))
  const hasId = own.some(
    (value) =>
      value.kind === 'id' && (source === null || source === 'relay' || value.source === source),
  )
  const kinds = new Set(found.filter(({ kind }) => kind !== 'id').map(({ kind }) => kind))
  return hasId || own.some(({ kind }) => kind === 'email') || kinds.size > 1
}

/** Erases the rows of the small tables that contain a value. They are read whole: some hundreds of rows. */
async function eraseSmallTables(
  db: D1Database,
  erasure: RunningErasure,
  wanted: Wanted,
): Promise<void> {
  for (const table of await listTables(db)) {
    if (!SMALL_TABLES.includes(table.name)) continue
    for (let after: readonly string[] | undefined, isEnd = false; !isEnd; ) {
      const part = await readTable(db, table, after)
      for (const row of part.rows) {
        const found = (
          await Promise.all((await textsOf(row)).map(({ text }) => findValues(text, wanted)))
        ).flat()
        if (isTheirs(found, null, wanted)) await eraseRow(db, erasure.person, table, row.place)
      }
      after = part.rows.at(-1)?.place
      isEnd = part.isEnd
    }
  }
}
