// Messages of vendors by the thousand: the simulator's sample of a type, about one of some members, never the same twice.
import { memberOf } from '../../../src/simulator/member.ts'
import { SENDERS } from '../../../src/simulator/senders.ts'
import type { VendorId } from '../../../src/vendors/index.ts'
import type { Traffic } from './load.ts'
import { SECRETS } from './runtime.ts'

/** The time between two messages of a member. */
const WEEK_MS = 7 * 86_400_000

/** More weeks than any bench sends messages of a member: all of them are in the past. */
const WEEKS = 300

/**
 * Traffic of one vendor's type, authenticated as the sources of wrangler.toml require. The messages are about some members
 * in turn, created from the seed, and each has a later time than the one before, in the three hundred weeks before `now`
 * (epoch milliseconds).
 */
export function trafficOf(
  vendor: VendorId,
  vendorType: string,
  { seed, members, now }: { seed: number; members: number; now: number },
): Traffic {
  const all = Array.from({ length: members }, (_, i) => memberOf(String(seed), i + 1))
  let sent = 0
  const next = () => {
    const at = now - WEEKS * WEEK_MS + Math.floor((sent * WEEK_MS) / members)
    const member = all[sent++ % members] ?? memberOf(String(seed), 1)
    return JSON.stringify(SENDERS[vendor].bodyOf(vendorType, member, at))
  }
  return {
    ...(vendor === 'hype'
      ? { path: `/in/hype?key=${SECRETS.HYPE_SECRET}`, headers: {} }
      : {
          path: `/in/hapana?event=${vendorType}`,
          headers: { 'x-relay-key': SECRETS.HAPANA_SECRET },
        }),
    next,
  }
}
