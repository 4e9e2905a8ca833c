// Troubles between a vendor and the relay: duplicates, reordering, lateness, schema drift and junk.
import { isObject, type JsonObject } from '../core/intake/json.ts'
import type { VendorId } from '../vendors/index.ts'
import type { Random } from './random.ts'
import { deliveryIdOf, SENDERS } from './senders.ts'
import type { Step, Trouble } from './step.ts'

/** The probability of each trouble for a message, from 0 to 1; true means `DEFAULT_PROBABILITY`. */
export type Switches = Partial<Record<(typeof SWITCHES)[number], number | boolean | undefined>>

/** The names of the switches. */
export const SWITCHES = ['duplicates', 'reordering', 'lateness', 'drift', 'junk'] as const

/** High enough for a journey of a dozen messages to have some. */
const DEFAULT_PROBABILITY = 0.25

const SECOND = 1000
const DAY = 86_400_000

/**
 * The steps of one member with the troubles that the switches add, not yet sorted by time of sending. `randomFor` returns
 * a random sequence for each switch and step, so that one switch does not affect another.
 */
export function withTroubles(
  vendor: VendorId,
  steps: readonly Step[],
  switches: Switches,
  randomFor: (name: keyof Switches, step: number) => Random,
): Step[] {
  return steps.flatMap((clean, i) => {
    const next = steps[i + 1]
    /** The random sequence of a switch if it applies to this step. */
    const applied = (name: keyof Switches) => {
      const probability = probabilityOf(switches[name])
      const random = probability > 0 ? randomFor(name, i) : undefined
      return random?.chance(probability) ? random : undefined
    }
    const [drifting, late, duplicate, junk] = [
      applied('drift'),
      applied('lateness'),
      applied('duplicates'),
      applied('junk'),
    ]
    const step = drifting ? withDrift(vendor, clean, drifting) : clean
    const own = late
      ? delayed(step, DAY + late.below(20 * DAY), 'late')
      : next && applied('reordering')
        ? delayed(step, next.at - step.at + SECOND, 'reordered')
        : step
    return [
      own,
      ...(duplicate
        ? [delayed(own, own.delay + SECOND + duplicate.below(20 * SECOND), 'duplicate')]
        : []),
      ...(junk ? [junkAfter(vendor, clean, junk)] : []),
    ]
  })
}

function probabilityOf(value: number | boolean | undefined): number {
  return typeof value === 'number' ? value : value ? DEFAULT_PROBABILITY : 0
}

function delayed(step: Step, delay: number, trouble: Trouble): Step {
  return { ...step, delay, troubles: [...step.troubles, trouble] }
}

/** A malformed message sent with a step: of an unknown type, or not JSON. */
function junkAfter(vendor: VendorId, step: Step, random: Random): Step {
  const body = SENDERS[vendor].junkOf(JSON.parse(step.message.text) as JsonObject)
  const deliveryId = deliveryIdOf(random)
  const text = random.chance(0.5)
    ? JSON.stringify({ ...body, reference: deliveryId })
    : `<html>502 Bad Gateway, ${deliveryId}</html>`
  const message = { vendorType: undefined, eventName: undefined, deliveryId, text }
  return delayed({ ...step, message, troubles: [] }, step.delay + SECOND / 2, 'junk')
}

/** A message after a change of the vendor's schema: with a new key, and one of another kind. */
function withDrift(vendor: VendorId, step: Step, random: Random): Step {
  const body = JSON.parse(step.message.text) as JsonObject
  const { essential } = SENDERS[vendor]
  const [first, ...rest] = Object.keys(body).filter((key) => !essential.includes(key))
  const changed = first === undefined ? undefined : random.pick([first, ...rest])
  const drifted = {
    ...body,
    ...(changed === undefined ? {} : { [changed]: asOtherKind(body[changed]) }),
    [random.pick(['loyaltyTier', 'regionCode', 'consent'])]: { since: '2026-11', level: 2 },
  }
  const message = { ...step.message, text: JSON.stringify(drifted) }
  return { ...step, message, troubles: ['drift'] }
}

function asOtherKind(value: unknown): unknown {
  if (isObject(value)) return Object.keys(value)
  return typeof value === 'string' ? [value] : String(value)
}
