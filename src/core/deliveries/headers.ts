// The headers of a delivery, beside its signature and those that its target's configuration adds.

import { TEST_HEADER } from '../intake/request.ts'
import { type Sent, UNLOGGED_TYPE } from './delivery.ts'

/** What begins the name of an attribute's header, in the binary mode of CloudEvents. */
export const ATTRIBUTE_PREFIX = 'ce-'

/**
 * The request of an attempt. `at` in epoch milliseconds; `hops`: how many relays the event has passed; `sent` has no
 * digest where nothing was sent.
 */
type DeliveryRequest = {
  event: string
  attempt: number
  at: number
  hops: number
  isTest: boolean
  version: string
  sent: Partial<Sent>
}

/** Its headers by name. */
export function deliveryHeaders(request: DeliveryRequest): [name: string, value: string][] {
  const { event, attempt, at, hops, isTest, version, sent } = request
  const {
    digest,
    content_type = UNLOGGED_TYPE,
    format_headers = {},
    replay,
    skipped = [],
    later,
  } = sent
  const all: [string, string | undefined][] = [
    ['content-type', digest && content_type],
    // RFC 9530; it distinguishes a changed body from another secret.
    ['content-digest', digest && `sha-256=:${digest}:`],
    ...Object.entries(format_headers),
    ['user-agent', `membership-relay/${version}`],
    ['webhook-id', event],
    ['webhook-timestamp', String(Math.floor(at / 1000))],
    ['relay-attempt', String(attempt)],
    ['relay-hops', String(hops + 1)],
    [TEST_HEADER, isTest ? 'true' : undefined],
    ['relay-replay', replay && 'true'],
    ['relay-skipped', skipped.join(' ') || undefined],
    ['relay-out-of-order', later],
  ]
  return all.filter((one): one is [string, string] => one[1] !== undefined)
}
