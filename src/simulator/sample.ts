// One sample message of any type of a vendor.
import { err, ok, type Result } from '../core/result.ts'
import type { VendorId } from '../vendors/index.ts'
import { memberOf } from './member.ts'
import { type Overrides, withOverrides } from './overrides.ts'
import { seededRandom } from './random.ts'
import { messageOf, SENDERS } from './senders.ts'
import type { SimulatedMessage, Step } from './step.ts'

/**
 * A message of one of a vendor's types, as documented by the vendor, about a member generated from `seed`, with the time
 * `now` (epoch milliseconds). Returns an error text for an unknown type and for an override that cannot be applied.
 */
export function sampleOf(
  vendor: VendorId,
  vendorType: string,
  overrides: Overrides,
  { now, seed }: { now: number; seed: string },
): Result<SimulatedMessage, string> {
  const sender = SENDERS[vendor]
  if (!sender.types.includes(vendorType)) {
    const types = sender.types.join(', ')
    return err(`"${vendorType}" is not an event type of ${vendor}. Its types: ${types}.`)
  }
  const body = withOverrides(sender.bodyOf(vendorType, memberOf(seed, 1), now), overrides)
  if (!body.ok) return body
  return ok(messageOf(vendor, vendorType, body.value, seededRandom(seed, 'sample', vendorType)))
}

/** A plan with one message, sent at `now` (epoch milliseconds). */
export function singleStepPlan(message: SimulatedMessage, now: number): Step[] {
  return [{ member: 1, name: 'sample', message, at: now, delay: 0, troubles: [] }]
}
