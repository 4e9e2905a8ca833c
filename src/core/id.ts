// Ids of events, replays and people: a prefix (`evt_`) and 13 characters that sort by time. They encode the row's key, so
// no index is needed: 42 bits of epoch milliseconds, then 21 random bits.

export type EventId = `evt_${string}`

/** The number of values of an id's random part, in which the ids of one millisecond differ. */
export const ID_RANDOM_RANGE = 2 ** 21

// Crockford's base 32 (https://www.crockford.com/base32.html), in lower case: no i, l, o, u.
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
/** The text of an event's id. */
export const EVENT_ID_PATTERN = /^evt_[0-7][0-9a-hjkmnp-tv-z]{12}$/

/** The text of a person's id. */
export const PERSON_ID_PATTERN = new RegExp(EVENT_ID_PATTERN.source.replace('evt_', 'per_'))

/** The text of a replay's id. */
export const REPLAY_ID_PATTERN = new RegExp(EVENT_ID_PATTERN.source.replace('evt_', 'rpl_'))

/** A new event id. `now`: epoch milliseconds; `random`: a whole number from 0 to below `ID_RANDOM_RANGE`. */
export function newEventId(now: number, random: number): EventId {
  return idOfKey(BigInt(now) * BigInt(ID_RANDOM_RANGE) + BigInt(random))
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
export function personIdOfKey(key: string): PersonId {
  return idOfKey(key).replace('evt_', 'per_') as PersonId
}

/** True for a well-formed person id. */
export function isPersonId(text: string): text is PersonId {
  return PERSON_ID_PATTERN.test(text)
}

/** The row key of an id, as decimal text: it has 63 bits, more than a double represents exactly. */
export function keyOfId(id: EventId | ReplayId | PersonId): string {
  let key = 0n
  for (const character of id.slice(4)) key = key * 32n + BigInt(ALPHABET.indexOf(character))
  return key.toString()
}

/** The event id of a row key. */
export function idOfKey(key: bigint | string): EventId {
  let rest = BigInt(key)
  let text = ''
  for (let i = 0; i < 13; i++, rest /= 32n) text = ALPHABET[Number(rest % 32n)] + text
  return `evt_${text}`
}

/**
 * The n-th id of the same millisecond, half the random range away: for events that follow from the event later. Away
 * from the ids that the messages of one request have, which are consecutive.
 */
export function neighbourId(id: EventId, n: number): EventId {
  const half = BigInt(ID_RANDOM_RANGE) / 2n
  const key = BigInt(keyOfId(id))
  const own = key % BigInt(ID_RANDOM_RANGE)
  return idOfKey(key - own + ((own + half + BigInt(n)) % BigInt(ID_RANDOM_RANGE)))
}

/** The lowest row key of events received at a time (epoch milliseconds): the limit of a range of rows. */
export function firstKeyAt(ms: number): string {
  return (BigInt(Math.max(0, Math.floor(ms))) * BigInt(ID_RANDOM_RANGE)).toString()
}

/** When an event was received, or a replay requested, in epoch milliseconds. */
export function timeOfId(id: EventId | ReplayId): number {
  return Number(BigInt(keyOfId(id)) / BigInt(ID_RANDOM_RANGE))
}

/** When an event with this key was received, in epoch milliseconds. */
export function timeOfKey(key: bigint | string | number): number {
  return Number(BigInt(key) / BigInt(ID_RANDOM_RANGE))
}

/** True for a well-formed event id. */
export function isEventId(text: string): text is EventId {
  return EVENT_ID_PATTERN.test(text)
}
