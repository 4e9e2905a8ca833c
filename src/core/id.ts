// Ids of events, replays and people: a prefix (`evt_`) and 11 characters that sort by time. They encode the row's key, so
// no index is needed: 40 bits of milliseconds since 2020, then 13 random bits. A key is below 2^53, so that JSON, spreadsheets
// and `wrangler d1 export` keep every digit of it.

export type EventId = `evt_${string}`

/** The keys of a millisecond. */
export const KEYS_PER_MS = 2 ** 13

/** Of them, those for people who are split from another: no event has one. */
const SPLIT_RANGE = 2 ** 10

/**
 * The number of values of an event's random part, in which the ids of one millisecond differ. Two isolates can draw the same
 * one: a writer must draw again. It does not keep anybody from guessing an id, and need not: a request for an event has the token.
 */
export const ID_RANDOM_RANGE = KEYS_PER_MS - SPLIT_RANGE

/** The time of the first key, in epoch milliseconds: the start of 2020. The last one is of the year 2054. */
export const FIRST_TIME = Date.UTC(2020, 0, 1)
const TIMES = 2 ** 40

// Crockford's base 32 (https://www.crockford.com/base32.html), in lower case: no i, l, o, u.
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
/** The characters of an id after its prefix. */
export const ID_LENGTH = 11
/** The text of an event's id. */
export const EVENT_ID_PATTERN = /^evt_[0-7][0-9a-hjkmnp-tv-z]{10}$/

/** The text of a person's id. */
export const PERSON_ID_PATTERN = new RegExp(EVENT_ID_PATTERN.source.replace('evt_', 'per_'))

/** The text of a replay's id. */
export const REPLAY_ID_PATTERN = new RegExp(EVENT_ID_PATTERN.source.replace('evt_', 'rpl_'))

/**
 * A new event id. `now`: epoch milliseconds, of which those before 2020 count as its start; `random`: a whole number from 0
 * to below `ID_RANDOM_RANGE`.
 */
export function newEventId(now: number, random: number): EventId {
  return idOfKey(Math.min(ticksOf(now), TIMES - 1) * KEYS_PER_MS + random)
}

/** The milliseconds from the first key to a time, as far as keys reach. */
function ticksOf(ms: number): number {
  return Math.min(Math.max(0, Math.floor(ms) - FIRST_TIME), TIMES)
}

/** The id of a replay. */
export type ReplayId = `rpl_${string}`

/** The replay id of a row key. */
export function replayIdOfKey(key: string): ReplayId {
  return idOfKey(key).replace('evt_', 'rpl_') as ReplayId
}

/** True for a well-formed replay id. */
export function isReplayId(text: string): text is ReplayId {
  return REPLAY_ID_PATTERN.test(text)
}

/** The id of a person: that of their first event, with another prefix. */
export type PersonId = `per_${string}`

/** The person id of a row key. */
export function personIdOfKey(key: string | number): PersonId {
  return idOfKey(key).replace('evt_', 'per_') as PersonId
}

/**
 * The id of a person who is split from another, which no event's key leads to. `random`: a whole number; consecutive ones
 * give different ids, up to 1,024 in a millisecond.
 */
export function newPersonId(now: number, random: number): PersonId {
  const part = ID_RANDOM_RANGE + (random % SPLIT_RANGE)
  return personIdOfKey(keyOfId(newEventId(now, part)))
}

/** True for a well-formed person id. */
export function isPersonId(text: string): text is PersonId {
  return PERSON_ID_PATTERN.test(text)
}

/** The row key of an id, as decimal text: D1 would bind a number as a floating-point value. */
export function keyOfId(id: EventId | ReplayId | PersonId): string {
  return String(numberOf(id))
}

function numberOf(id: EventId | ReplayId | PersonId): number {
  let key = 0
  for (const character of id.slice(4)) key = key * 32 + ALPHABET.indexOf(character)
  return key
}

/** The event id of a row key. */
export function idOfKey(key: bigint | string | number): EventId {
  let rest = Number(key)
  let text = ''
  for (let i = 0; i < ID_LENGTH; i++, rest = Math.floor(rest / 32)) {
    text = ALPHABET[rest % 32] + text
  }
  return `evt_${text}`
}

/**
 * The n-th id of the same millisecond, half the random range away: for events that follow from the event later. Away
 * from the ids that the messages of one request have, which are consecutive. It may be taken by another event.
 */
export function neighbourId(id: EventId, n: number): EventId {
  const key = numberOf(id)
  const own = key % KEYS_PER_MS
  return idOfKey(key - own + ((own + ID_RANDOM_RANGE / 2 + n) % ID_RANDOM_RANGE))
}

/** The lowest row key of events received at a time (epoch milliseconds): the limit of a range of rows. */
export function firstKeyAt(ms: number): string {
  return String(ticksOf(ms) * KEYS_PER_MS)
}

/** When an event was received, or a replay requested, in epoch milliseconds. */
export function timeOfId(id: EventId | ReplayId): number {
  return timeOfKey(numberOf(id))
}

/** When the event of a row key was received, in epoch milliseconds. */
export function timeOfKey(key: bigint | string | number): number {
  return Math.floor(Number(key) / KEYS_PER_MS) + FIRST_TIME
}

/**
 * The id that an event gets in place of one of a version 0.x, which had 13 characters: 42 bits of epoch milliseconds and 21
 * random bits. An id of today is returned as it is. Such events wait in the spill queue or the archive.
 */
export function currentId(id: EventId): EventId {
  const text: string = id
  if (isEventId(text)) return text
  let key = 0n
  for (const character of text.slice(4)) key = key * 32n + BigInt(ALPHABET.indexOf(character))
  return newEventId(Number(key >> 21n), Number(key % 2n ** 21n) % ID_RANDOM_RANGE)
}

/** True for a well-formed event id. */
export function isEventId(text: string): text is EventId {
  return EVENT_ID_PATTERN.test(text)
}
