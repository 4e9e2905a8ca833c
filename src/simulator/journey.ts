// Journeys: the messages that a vendor sends about members, from joining to leaving, in the order of sending.
import type { VendorId } from '../vendors/index.ts'
import { memberOf } from './member.ts'
import { seededRandom } from './random.ts'
import { messageOf, SENDERS } from './senders.ts'
import type { Step } from './step.ts'
import { type Switches, withTroubles } from './trouble.ts'

/** Members of one request. The whole plan is computed again for each page of it. */
export const MAX_MEMBERS = 100

/** All members join within this time. */
const JOINING_MS = 5 * 86_400_000

/** The journeys of a number of members (1 to `MAX_MEMBERS`), from `start` in epoch milliseconds. */
type JourneyRequest = { vendor: VendorId; members: number; seed: string; start: number }

/**
 * The journeys of all members, sorted by the time of sending. The same request returns the same steps, and a switch
 * changes no step but those that it affects.
 */
export function journeyOf({
  vendor,
  members,
  seed,
  start,
  ...switches
}: JourneyRequest & Switches): Step[] {
  const all = Array.from({ length: members }, (_, i) => {
    const steps = journeyOfMember(vendor, seed, start, i + 1)
    return withTroubles(vendor, steps, switches, (name, step) =>
      seededRandom(seed, name, vendor, i + 1, step),
    )
  })
  const sentAt = ({ at, delay }: Step) => at + delay
  return all.flat().sort((a, b) => sentAt(a) - sentAt(b) || a.member - b.member)
}

function journeyOfMember(vendor: VendorId, seed: string, start: number, number: number): Step[] {
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
