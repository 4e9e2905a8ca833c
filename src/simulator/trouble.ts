// What goes wrong between a vendor and the relay: copies, another order, long waits, changed bodies, junk.
import { isObject, type JsonObject } from '../core/intake/json.ts'
import type { VendorId } from '../vendors/index.ts'
import type { Random } from './random.ts'
import { deliveryIdOf, SENDERS } from './senders.ts'
import type { Step, Trouble } from './step.ts'

/** For each message, how probable it is, from 0 to 1; true means often enough to be seen. */
export type Switches = Partial<Record<(typeof SWITCHES)[number], number | boolean | undefined>>

/** The names of the switches. */
export const SWITCHES = ['duplicates', 'reordering', 'lateness', 'drift', 'junk'] as const

/** What `true` means: of a journey's dozen messages, some. */
const OFTEN = 0.25

const SECOND = 1000
const DAY = 86_400_000

/**
 * The steps of one member with what goes wrong by these switches, not yet in the order of their sending. `randomFor` gives
 * a sequence for each switch and step, so that one switch does not change what another does.
 */
export function withTroubles(
  vendor: VendorId,
  steps: readonly Step[],
  switches: Switches,
  randomFor: (name: keyof Switches, step: number) => Random,
): Step[] {
  return steps.flatMap((clean, i) => {
    const next = steps[i + 1]
    /** The sequence of a switch when it strikes. */
    const struck = (name: keyof Switches) => {
      const probability = probabilityOf(switches[name])
      const random = probability > 0 ? randomFor(name, i) : undefined
      return random?.chance(probability) ? random : undefined
    }
    const [drifts, waits, repeats, junk] = [
      struck('drift'),
      struck('lateness'),
      struck('duplicates'),
      struck('junk'),
    ]
    const step = drifts ? drift(vendor, clean, drifts) : clean
    const own = waits
      ? delayed(step, DAY + waits.below(20 * DAY), 'late')
      : next && struck('reordering')
        ? delayed(step, next.at - step.at + SECOND, 'reordered')
        : step
    return [
      own,
      ...(repeats
        ? [delayed(own, own.delay + SECOND + repeats.below(20 * SECOND), 'duplicate')]
        : []),
      ...(junk ? [junkBeside(vendor, clean, junk)] : []),
    ]
  })
}

function probabilityOf(value: number | boolean | undefined): number {
  return typeof value === 'number' ? value : value ? OFTEN : 0
}

function delayed(step: Step, delay: number, trouble: Trouble): Step {
  return { ...step, delay, troubles: [...step.troubles, trouble] }
}

/** Something beside a message that is none: of a type that the vendor does not have, or no JSON at all. */
function junkBeside(vendor: VendorId, step: Step, random: Random): Step {
  const body = SENDERS[vendor].junkOf(JSON.parse(step.message.text) as JsonObject)
  const deliveryId = deliveryIdOf(random)
  const text = random.chance(0.5)
    ? JSON.stringify({ ...body, reference: deliveryId })
    : `<html>502 Bad Gateway, ${deliveryId}</html>`
  const message = { vendorType: undefined, eventName: undefined, deliveryId, text }
  return delayed({ ...step, message, troubles: [] }, step.delay + SECOND / 2, 'junk')
}

/** A message as the vendor might write it next year: with a key more, and one of another kind. */
function drift(vendor: VendorId, step: Step, random: Random): Step {
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
