// What vendors send, by the thousand: the simulator's sample of a type, about one of some members, never the same twice.
import { memberOf } from '../../src/simulator/member.ts'
import { randomOf } from '../../src/simulator/random.ts'
import { SENDERS } from '../../src/simulator/senders.ts'
import type { VendorId } from '../../src/vendors/index.ts'
import type { Traffic } from './load.ts'
import { SECRETS } from './runtime.ts'

const DAY_MS = 86_400_000

/**
 * Traffic of one vendor's type, proven as the sources of wrangler.toml want it. Each message is about a member chosen at
 * random of `members`, and tells of a moment of its own in the day before `now` (epoch milliseconds).
 */
export function trafficOf(
  vendor: VendorId,
  vendorType: string,
  { seed, members, now }: { seed: number; members: number; now: number },
): Required<Traffic> {
  const all = Array.from({ length: members }, (_, i) => memberOf(String(seed), i + 1))
  const random = randomOf(seed, 'traffic', vendor, vendorType)
  let sent = 0
  const next = () => {
    const [first = memberOf(String(seed), 1)] = all
    const member = all[random.below(all.length)] ?? first
    // Whole seconds, as one vendor tells no less: more than a day of them come again, about somebody else.
    const at = now - ((sent++ * 1000) % DAY_MS)
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
