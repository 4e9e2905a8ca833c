// A message → the request that its vendor would send to a source of ours, proven as that source wants it.

import type { Source } from '../core/events/source.ts'
import { TEST_HEADER } from '../core/intake/request.ts'
import { VENDORS, type VendorId } from '../vendors/index.ts'
import { SENDERS } from './senders.ts'
import type { SimulatedMessage } from './step.ts'

/**
 * The request to `/in/<source>` as the vendor would send it at `now` (epoch milliseconds) to the relay at `origin`: the
 * agreed secret in its header or as `?key=`, the body signed where that is asked for, `?event=` where the vendor gives
 * each type its own URL. Of several secrets, the first. It says of itself that it is a test.
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
