// Distinguishes a vendor's repeat from a second event that looks like it. The first match wins:
//   identity  the vendor's own identity of the event is the same: a repeat, however late. That of a signed message also
//             as any other type, and as a test or not: its signature does not cover what says so. That of a test only
//             within the window: a vendor's published sample is always the same
//   content   the same content within the window, where that is proof enough (`Nature`): a repeat. The window extends to
//             both sides, since an event of the spill queue is written after later ones, and is held twice: in arrival,
//             and in the vendor's own times, which are days apart when a vendor catches up after an outage
// The same content otherwise is an event of its own, marked `possibleduplicate` where nothing says that it is no repeat.
// The store compares inside the transaction that records the event; these are the keys that it compares.
import { canonical } from './json.ts'
import { hexOf } from './signature.ts'

/** How an event was matched with an earlier one. A `possible_duplicate` is delivered, and marked. */
export const MATCHES = ['identity', 'content', 'possible_duplicate'] as const
export type Match = (typeof MATCHES)[number]

/** How long an equal message without an identity counts as a retry: a sender's first few attempts. */
export const CONTENT_WINDOW_SECONDS = 300

/**
 * What the same content says within the window:
 * - `once`: it is about what happens once, such as a new account: a repeat, whatever came between;
 * - `state`: it is about how something is: a repeat if nothing else of the contact came between, else perhaps a return; and
 *   if it has no other delivery id, which says that it is another message;
 * - `act`: it is about what can be done again at once, such as a purchase, or is not understood: nothing. Telling a repeat twice costs less
 *   than never telling a sale.
 */
export type Nature = 'once' | 'state' | 'act'

/** The identity of a message: `key` is its content, `stamp` (where the vendor has one) distinguishes equal contents. */
export type Identity = { key: unknown[]; stamp: string | undefined; nature: Nature }

/**
 * Where copies of a message are looked for among the events of its contact: `instant`: those with a time from `from` to `until`
 * (epoch milliseconds); `next`: also the next one on either side; `all`: of any time.
 */
export type Search = { among: 'instant' | 'next'; from: number; until: number } | { among: 'all' }

/** How far a clock may be wrong, by the zone above all: a vendor's time that is ahead is not used until it has passed. */
const MAX_CLOCK_ERROR_MS = 26 * 3_600_000

/**
 * Where a message has copies that matter. `at`: when it happened; `isTimed`: the vendor says so. All copies of what the vendor
 * gives a time and an identity have that time; of a state only the next one on either side is a copy. For others all are read.
 */
export function searchFor(
  { at, isTimed, nature }: { at: number; isTimed: boolean; nature: Nature },
  { stamp, hasDelivery }: { stamp: string | undefined; hasDelivery: boolean },
): Search {
  const until = at + 2 * CONTENT_WINDOW_SECONDS * 1000
  const [around, near] = [at - MAX_CLOCK_ERROR_MS, at - 2 * CONTENT_WINDOW_SECONDS * 1000]
  if (isTimed && stamp === OWN_ID) return { among: 'instant', from: around, until }
  if (nature === 'state' && isTimed) return { among: 'next', from: around, until }
  const hasIdentity = stamp !== undefined || hasDelivery
  if (nature === 'state' && !hasIdentity) return { among: 'next', from: near, until }
  return { among: 'all' }
}

/** The stamp of a message whose key has all that tells it from others. */
const OWN_ID = 'id'

/** The identity of a message with an id of its own, in `parts`. */
export const identifiedBy = (...parts: unknown[]): Identity => ({
  key: parts,
  stamp: OWN_ID,
  nature: 'act',
})

/** The identity of a message without an id: its content. */
export const sameContent = (nature: Nature, ...parts: unknown[]): Identity => ({
  key: parts,
  stamp: undefined,
  nature,
})

/**
 * A key for a list of values: 128 bits of SHA-256 over their canonical JSON, in hexadecimal. The list frames its
 * parts, so `["ab","c"]` and `["a","bc"]` differ.
 */
export async function fingerprint(parts: unknown[]): Promise<string> {
  const bytes = new TextEncoder().encode(canonical(parts))
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return hexOf(digest.subarray(0, 16))
}
