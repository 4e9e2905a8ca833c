// Who may ask: the operator, by the token.
import type { MiddlewareHandler } from 'hono'
import { equalSecrets } from '../core/intake/signature.ts'
import type { Env } from '../env.ts'
import { problem, tooMany } from './problems.ts'

/**
 * Lets the operator's token through, compared in constant time; without one set, nobody. Only failures count towards
 * the limit, so nobody else at the operator's address can shut the operator out.
 */
export const tokenRequired: MiddlewareHandler<{ Bindings: Env }> = async (c, next) => {
  const token = c.env.ADMIN_TOKEN
  if (!token) {
    const remedy = 'ADMIN_TOKEN is not set: run "npx wrangler secret put ADMIN_TOKEN".'
    return problem(503, 'no-admin-token', remedy)
  }
  const [, shown = ''] = /^Bearer (.+)$/i.exec(c.req.header('authorization') ?? '') ?? []
  if (await equalSecrets(shown, token)) return next()
  if (!(await isWithin(c.env.FAILURES, addressOf(c.req.raw.headers)))) {
    return tooMany('Too many requests without the ADMIN_TOKEN came from this address.')
  }
  return problem(401, 'not-authorized', 'Send "Authorization: Bearer" with the ADMIN_TOKEN.', {
    'www-authenticate': 'Bearer realm="membership-relay"',
  })
}

/** Where a request came from; the local runtime does not say. */
export function addressOf(headers: Headers): string {
  return headers.get('cf-connecting-ip') ?? 'local'
}

/** Counts one more for a key. False when there were too many in the last minute; a limiter that fails stops nobody. */
export async function isWithin(limit: RateLimit | undefined, key: string): Promise<boolean> {
  if (limit === undefined) return true
  return limit.limit({ key }).then(
    ({ success }) => success,
    () => true,
  )
}
