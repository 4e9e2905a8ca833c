// The table of simulated vendors.
import type { JsonObject } from '../core/intake/json.ts'
import { hexOf } from '../core/intake/signature.ts'
import type { VendorId } from '../vendors/index.ts'
import { hapana } from './hapana.ts'
import { hype } from './hype.ts'
import type { Random } from './random.ts'
import type { Sender } from './sender.ts'
import type { SimulatedMessage } from './step.ts'

/** Every simulated vendor by its id. */
export const SENDERS: Readonly<Record<VendorId, Sender>> = { hapana, hype }

/** A random delivery id. */
export function deliveryIdOf(random: Random): string {
  return `del_${hexOf(random.bytes(12))}`
}

/** The message with a type and a body, as the vendor sends it. */
export function messageOf(
  vendor: VendorId,
  type: string,
  body: JsonObject,
  random: Random,
): SimulatedMessage {
  return {
    vendorType: type,
    eventName: SENDERS[vendor].isTypeInUrl ? type : undefined,
    deliveryId: deliveryIdOf(random),
    text: JSON.stringify(body),
  }
}
