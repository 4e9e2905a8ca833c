// What a request for a delivery says of itself, beside its signature and what its target's configuration adds.
import { TEST_HEADER } from './request.ts'

/** The request of an attempt. `at` in epoch milliseconds; `hops`: how often the event came through a relay before. */
export type DeliveryRequest = {
  event: string
  attempt: number
  at: number
  hops: number
  isTest: boolean
  version: string
}

/** Its headers by name. */
export function deliveryHeaders(request: DeliveryRequest): [name: string, value: string][] {
  const { event, attempt, at, hops, isTest, version } = request
  return [
    ['user-agent', `membership-relay/${version}`],
    ['webhook-id', event],
    ['webhook-timestamp', String(Math.floor(at / 1000))],
    ['relay-attempt', String(attempt)],
    ['relay-hops', String(hops + 1)],
    ...(isTest ? [[TEST_HEADER, 'true'] as [string, string]] : []),
  ]
}
