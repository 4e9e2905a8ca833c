// Journeys: what a vendor tells of members from the day they join to the day they leave, in the order in which it comes.
import type { VendorId } from '../vendors/index.ts'
import { memberOf } from './member.ts'
import { seededRandom } from './random.ts'
import { messageOf, SENDERS } from './senders.ts'
import type { Step } from './step.ts'
import { type Switches, withTroubles } from './trouble.ts'

/** More members than these are more than a plan made anew for each call should have. */
export const MAX_MEMBERS = 100

/** Within how long all members have joined. */
const JOINING_MS = 5 * 86_400_000

/** Whose journeys: of how many members (1 to `MAX_MEMBERS`), from `start` in epoch milliseconds. */
export type JourneyRequest = { vendor: VendorId; members: number; seed: string; start: number }

/**
 * The journeys of some members, interleaved, as they would be sent. The same request gives the same steps; switches change
 * nothing but what they name.
 */
export function journeyOf({
  vendor,
  members,
  seed,
  start,
  ...switches
}: JourneyRequest & Switches): Step[] {
  const all = Array.from({ length: members }, (_, i) => {
    const clean = cleanJourney(vendor, seed, start, i + 1)
    return withTroubles(vendor, clean, switches, (name, step) =>
      seededRandom(seed, name, vendor, i + 1, step),
    )
  })
  const sentAt = ({ at, delay }: Step) => at + delay
  return all.flat().sort((a, b) => sentAt(a) - sentAt(b) || a.member - b.member)
}

function cleanJourney(vendor: VendorId, seed: string, start: number, number: number): Step[] {
  const random = seededRandom(seed, 'journey', vendor, number)
  const member = memberOf(seed, number)
  const joined = start + (number === 1 ? 0 : random.below(JOINING_MS))
  return SENDERS[vendor].journeyOf(member, joined).map(({ step, type, at, body }) => ({
    member: number,
    name: step,
    message: messageOf(vendor, type, body, random),
    at,
    delay: 0,
    troubles: [],
  }))
}
