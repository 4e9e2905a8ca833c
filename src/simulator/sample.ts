// One message of any type that a vendor sends.
import { err, ok, type Result } from '../core/result.ts'
import type { VendorId } from '../vendors/index.ts'
import { memberOf } from './member.ts'
import { type Overrides, withOverrides } from './overrides.ts'
import { seededRandom } from './random.ts'
import { messageOf, SENDERS } from './senders.ts'
import type { SimulatedMessage, Step } from './step.ts'

/**
 * A message of one of a vendor's types, faithful to its documents, about somebody made up by `seed`, and of `now` (epoch
 * milliseconds). Refuses a type that the vendor does not send and an override that fits nowhere, in words.
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
    return err(`"${vendorType}" is no type of ${vendor}'s. It sends: ${types}.`)
  }
  const body = withOverrides(sender.bodyOf(vendorType, memberOf(seed, 1), now), overrides)
  if (!body.ok) return body
  return ok(messageOf(vendor, vendorType, body.value, seededRandom(seed, 'sample', vendorType)))
}

/** A plan of one message, of `now`. */
export function singleStepPlan(message: SimulatedMessage, now: number): Step[] {
  return [{ member: 1, name: 'sample', message, at: now, delay: 0, troubles: [] }]
}
