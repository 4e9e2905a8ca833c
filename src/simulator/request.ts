// A simulated message → the authenticated request that its vendor sends to a source.

import type { Source } from '../core/events/source.ts'
import { TEST_HEADER } from '../core/intake/request.ts'
import { VENDORS, type VendorId } from '../vendors/index.ts'
import { SENDERS } from './senders.ts'
import type { SimulatedMessage } from './step.ts'

/**
 * The request to `/in/<source>` as the vendor sends it at `now` (epoch milliseconds) to the relay at `origin`: with the
 * source's first secret in its header or as `?key=`, signed by its first signing secret if it has one, and with `?event=`
 * if each type of the vendor has its own URL. It is marked as a test.
 */
export async function authenticatedRequest(
  source: Source<VendorId>,
  message: SimulatedMessage,
  { now, origin }: { now: number; origin: string },
): Promise<Request> {
  const { secrets, header, signingSecrets } = source.credentials
  const url = new URL(`/in/${source.name}`, origin)
  const headers = new Headers({ 'content-type': 'application/json', [TEST_HEADER]: 'true' })
  const bytes = new TextEncoder().encode(message.text)
  if (message.eventName !== undefined) url.searchParams.set('event', message.eventName)
  const [secret] = secrets
  if (secret !== undefined && header === undefined) url.searchParams.set('key', secret)
  if (secret !== undefined && header !== undefined) headers.set(header, secret)
  const { signature } = VENDORS[source.vendor]
  const { deliveryHeader } = SENDERS[source.vendor]
  const [signingSecret] = signingSecrets
  if (signature && signingSecret !== undefined) {
    headers.set(signature.header, await signature.sign(bytes, signingSecret, now))
    if (deliveryHeader) headers.set(deliveryHeader, message.deliveryId)
  }
  return new Request(url, { method: 'POST', headers, body: bytes })
}
