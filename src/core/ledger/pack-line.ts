// A line of a pack: one event with its deliveries as one JSON object, and back again. It has all that the rows have, to the
// byte, and leaves out what is null or a default. The same lines are written by `relay export`. The format is described in
// docs/operate.md ("Packs"): a change of it needs another `v`.
import type { EventStatus } from '../events/event.ts'
import { formatInstant } from '../events/time.ts'
import { type EventId, idOfKey, keyOfId, timeOfId } from '../id.ts'
import type { RawBody } from '../intake/request.ts'

/** A row of `events`; `status` and `rung` are words of the code (store/stored-words.ts), keys decimal texts. */
export type StoredEvent = {
  key: string
  source: string
  vendor: string
  status: EventStatus
  type: string
  vendor_type: string | null
  contact: string | null
  planned: number
  hops: number
  dedup_key: string
  dedup_stamp: string | null
  rung: string | null
  matched: string | null
  encoding: RawBody['encoding']
  headers: string
  issues: string | null
  event: string | null
  raw: string | null
  at: number | null
  event_name: string | null
  dismissed: string | null
}

/** A row of `deliveries` without its event; `reason` is a word of the code, times are epoch milliseconds. */
export type StoredDelivery = {
  target: string
  state: string
  reason: string | null
  attempt: number
  first: number
  due: number | null
  attempts: string
  body: string | null
  content_type: string | null
  headers: string | null
  replayed: number
  swept: number | null
  lease_holder: string | null
  lease_until: number | null
}

/** An event of the log and its deliveries, sorted by target. */
export type StoredRows = { event: StoredEvent; deliveries: StoredDelivery[] }

/** A JSON object or list; the text itself where writing it again would give another text. */
type Json = object | string

type DeliveryLine = Partial<Omit<StoredDelivery, 'attempts' | 'headers'>> &
  Pick<StoredDelivery, 'target' | 'state' | 'attempt'> & { attempts: Json; headers?: Json }

/** An event as a line has it. What is left out is null, or the default that `rowsOf` gives. */
export type PackLine = {
  v: 1
  id: EventId
  receivedat: string
  source: string
  vendor: string
  status: EventStatus
  type: string
  vendortype?: string
  contact?: string
  deliveries_created?: number
  hops?: number
  at?: number
  dedup_key: string
  dedup_stamp?: string
  match?: { by?: string; id?: EventId }
  event_name?: string
  dismissed?: string
  issues?: Json
  headers: Json
  encoding?: RawBody['encoding']
  raw?: string
  event?: Json
  deliveries: DeliveryLine[]
}

/** How each line begins: the id can be read without parsing the line. */
const HEAD = '{"v":1,"id":"'

/** Returns the line of an event. The members of `rows` may have any order. */
export function lineOf({ event, deliveries }: StoredRows): PackLine {
  const id = idOfKey(event.key)
  return {
    v: 1,
    id,
    receivedat: formatInstant(timeOfId(id)),
    source: event.source,
    vendor: event.vendor,
    status: event.status,
    type: event.type,
    ...optional({ vendortype: event.vendor_type, contact: event.contact }),
    ...(event.planned === deliveries.length ? {} : { deliveries_created: event.planned }),
    ...(event.hops === 0 ? {} : { hops: event.hops }),
    ...optional({ at: event.at }),
    dedup_key: event.dedup_key,
    ...optional({ dedup_stamp: event.dedup_stamp }),
    ...matchOf(event),
    ...optional({ event_name: event.event_name, dismissed: event.dismissed }),
    ...(event.issues === null ? {} : { issues: jsonOf(event.issues) }),
    headers: jsonOf(event.headers),
    ...(event.encoding === 'utf8' ? {} : { encoding: event.encoding }),
    ...optional({ raw: event.raw }),
    ...(event.event === null ? {} : { event: jsonOf(event.event) }),
    deliveries: deliveries.map(deliveryLineOf),
  }
}

function matchOf({ rung, matched }: StoredEvent): Pick<PackLine, 'match'> {
  if (rung === null && matched === null) return {}
  return { match: optional({ by: rung, id: matched === null ? null : idOfKey(matched) }) }
}

function deliveryLineOf(delivery: StoredDelivery): DeliveryLine {
  const { target, state, attempt, first, replayed, attempts, headers, ...others } = delivery
  return {
    target,
    state,
    attempt,
    ...(first === 1 ? {} : { first }),
    ...(replayed === 0 ? {} : { replayed }),
    ...optional(others),
    ...(headers === null ? {} : { headers: jsonOf(headers) }),
    attempts: jsonOf(attempts),
  }
}

/** Returns the rows of a line, as `lineOf` was given them. */
export function rowsOf(line: PackLine): StoredRows {
  const { match = {}, deliveries } = line
  return {
    event: {
      key: keyOfId(line.id),
      source: line.source,
      vendor: line.vendor,
      status: line.status,
      type: line.type,
      vendor_type: line.vendortype ?? null,
      contact: line.contact ?? null,
      planned: line.deliveries_created ?? deliveries.length,
      hops: line.hops ?? 0,
      dedup_key: line.dedup_key,
      dedup_stamp: line.dedup_stamp ?? null,
      rung: match.by ?? null,
      matched: match.id === undefined ? null : keyOfId(match.id),
      encoding: line.encoding ?? 'utf8',
      headers: textOf(line.headers),
      issues: textOrNull(line.issues),
      event: textOrNull(line.event),
      raw: line.raw ?? null,
      at: line.at ?? null,
      event_name: line.event_name ?? null,
      dismissed: line.dismissed ?? null,
    },
    deliveries: deliveries.map((delivery) => ({
      target: delivery.target,
      state: delivery.state,
      reason: delivery.reason ?? null,
      attempt: delivery.attempt,
      first: delivery.first ?? 1,
      due: delivery.due ?? null,
      attempts: textOf(delivery.attempts),
      body: delivery.body ?? null,
      content_type: delivery.content_type ?? null,
      headers: textOrNull(delivery.headers),
      replayed: delivery.replayed ?? 0,
      swept: delivery.swept ?? null,
      lease_holder: delivery.lease_holder ?? null,
      lease_until: delivery.lease_until ?? null,
    })),
  }
}

/** Returns a line as text, with the line feed that ends it. */
export function writeLine(line: PackLine): string {
  return `${JSON.stringify(line)}\n`
}

/** Reads a line. Throws SyntaxError for what is no JSON, and an Error that names the version for a line of another format. */
export function readLine(text: string): PackLine {
  const line = JSON.parse(text) as PackLine
  if (line?.v !== 1) throw new Error(`a pack line of version ${line?.v}: this version reads 1`)
  return line
}

/** Returns the id of a line's event, without reading the rest; undefined for a line that does not begin as it must. */
export function idOfLine(text: string): EventId | undefined {
  if (!text.startsWith(HEAD)) return undefined
  return text.slice(HEAD.length, text.indexOf('"', HEAD.length)) as EventId
}

/** The members that are not null. */
function optional<T extends object>(
  members: T,
): { [K in keyof T]?: Exclude<T[K], null | undefined> } {
  const kept = Object.entries(members).filter(([, value]) => value !== null)
  return Object.fromEntries(kept) as { [K in keyof T]?: Exclude<T[K], null | undefined> }
}

/** A stored JSON text as JSON, so that tools can look into it; as text where JSON would not give back the same text. */
function jsonOf(text: string): Json {
  try {
    const value: unknown = JSON.parse(text)
    const isSame = typeof value === 'object' && value !== null && JSON.stringify(value) === text
    return isSame ? (value as object) : text
  } catch {
    return text
  }
}

function textOf(json: Json): string {
  return typeof json === 'string' ? json : JSON.stringify(json)
}

function textOrNull(json: Json | undefined): string | null {
  return json === undefined ? null : textOf(json)
}
