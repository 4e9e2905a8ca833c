// The API of a relay for TypeScript programs, typed by the very routes that serve it.
import { hc } from 'hono/client'
import type { AppType } from './http/app.ts'

/**
 * A client of the relay at an origin: `client.api.events.$get({ query: { status: 'quarantined' } })` gives a typed
 * response, a problem (RFC 9457) where its status says so. `send` replaces `fetch`.
 */
export function createClient(origin: string, token: string, send: typeof fetch = fetch) {
  return hc<AppType>(origin, { headers: { authorization: `Bearer ${token}` }, fetch: send })
}
