// Who may use the API: the operator, authenticated by the token.
import type { MiddlewareHandler } from 'hono'
import { equalSecrets } from '../core/intake/signature.ts'
import type { Env } from '../env.ts'
import { withTimeout } from '../store/timeout.ts'
import { problem, tooMany } from './problems.ts'

/** How long a request waits for a rate limiter: a sender may wait for a second only. */
const LIMITER_TIMEOUT_MS = 500

/**
 * Requires the bearer token ADMIN_TOKEN, compared in constant time; answers 401 without it, 429 after too many failures
 * from one address, and 503 while no token is set. Only failures count towards the limit, so other clients at the
 * operator's address cannot lock the operator out.
 */
export const tokenRequired: MiddlewareHandler<{ Bindings: Env }> = async (c, next) => {
  const token = c.env.ADMIN_TOKEN
  if (!token) {
    const remedy = 'ADMIN_TOKEN is not set: run "npx wrangler secret put ADMIN_TOKEN".'
    return problem(503, 'no-admin-token', remedy)
  }
  const [, sent = ''] = /^Bearer (.+)$/i.exec(c.req.header('authorization') ?? '') ?? []
  if (await equalSecrets(sent, token)) return next()
  if (!(await isWithin(c.env.FAILURES, addressOf(c.req.raw.headers)))) {
    return tooMany('Too many requests without the ADMIN_TOKEN from this address.')
  }
  return problem(401, 'unauthenticated', 'Send "Authorization: Bearer" with the ADMIN_TOKEN.', {
    'www-authenticate': 'Bearer realm="membership-relay"',
  })
}

/** The client address of a request; the local runtime does not set one. */
export function addressOf(headers: Headers): string {
  return headers.get('cf-connecting-ip') ?? 'local'
}

/** Counts a request for a key. False above the limit of the last minute; true when there is no limiter, or it fails or is silent. */
export async function isWithin(limit: RateLimit | undefined, key: string): Promise<boolean> {
  if (limit === undefined) return true
  return withTimeout(limit.limit({ key }), 'the rate limit', LIMITER_TIMEOUT_MS).then(
    ({ success }) => success,
    () => true,
  )
}
