// Who may use the API and the console: the operator by ADMIN_TOKEN, and viewers, who change nothing, by VIEWER_TOKEN.
import type { MiddlewareHandler } from 'hono'
import { equalSecrets } from '../core/intake/signature.ts'
import type { Env, Tools } from '../env.ts'
import { withTimeout } from '../store/timeout.ts'
import { isRemembered, type Role, remember, rolesKnownAt } from './known-networks.ts'
import { problem, tooMany } from './problems.ts'

/** The name of each role's token, as it is in audit records. */
export const TOKEN_OF = { operator: 'ADMIN_TOKEN', viewer: 'VIEWER_TOKEN' } as const

/** Why a change was refused that the holder of VIEWER_TOKEN asked for. */
export const READ_ONLY = 'The VIEWER_TOKEN permits reading only. Changes need the ADMIN_TOKEN.'

export const NO_ADMIN_TOKEN = 'ADMIN_TOKEN is not set: run "npx wrangler secret put ADMIN_TOKEN".'

/** How long a request waits for a rate limiter: a sender may wait for a second only. */
const LIMITER_TIMEOUT_MS = 500

/** The environment of a request whose token was checked: `role` is that of its token. */
export type WithRole = { Bindings: Env; Variables: { role: Role } }

/**
 * Requires a bearer token. Answers 401 without a right one, 429 above the limit of `admit`, 403 for anything but reading
 * with VIEWER_TOKEN, and 503 while no ADMIN_TOKEN is set.
 */
export function tokenRequired(tools: AccessTools): MiddlewareHandler<WithRole> {
  return async (c, next) => {
    if (!c.env.ADMIN_TOKEN) return problem(503, 'no-admin-token', NO_ADMIN_TOKEN)
    const [, sent = ''] = /^Bearer (.+)$/i.exec(c.req.header('authorization') ?? '') ?? []
    const admitted = await admit(c.env, c.req.raw.headers, sent, tools)
    if (admitted === 'too many') {
      return tooMany('Too many requests with a wrong token, or without one, from this address.')
    }
    if (admitted === 'wrong') {
      return problem(401, 'unauthenticated', 'Send "Authorization: Bearer" with the ADMIN_TOKEN.', {
        'www-authenticate': 'Bearer realm="membership-relay"',
      })
    }
    c.set('role', admitted)
    const isReading = c.req.method === 'GET' || c.req.method === 'HEAD'
    return admitted === 'operator' || isReading ? next() : problem(403, 'read-only', READ_ONLY)
  }
}

export type AccessTools = Pick<Tools, 'now' | 'log' | 'waitUntil'>

/**
 * The role of a token, compared in constant time; `wrong`, or `too many` after too many failures from its network.
 *
 * Above the limit even a right token is `too many`: else the limit would not slow guessing, as each guess would still be
 * tried. The exception is a network from which the token of this role was used in the last 30 days, so that other
 * clients at the operator's address cannot lock the operator out. From there a guess is tried; but there are as many
 * tokens as there are guesses in an age. A session in the console is not subject to the limit.
 */
export async function admit(
  env: Env,
  headers: Headers,
  token: string,
  tools: AccessTools,
): Promise<Role | 'wrong' | 'too many'> {
  const role = await roleOf(env, token)
  if (env.FAILURES === undefined) return role ?? 'wrong'
  const network = networkOf(addressOf(headers))
  if (role !== undefined && isRemembered(env, role, network)) return role
  if (!(await isWithin(env.FAILURES, network))) {
    // Asked whatever the token is, so that the time of the answer tells nothing about it.
    const known = await rolesKnownAt(env, network, tools)
    if (role === undefined || !known.includes(role)) return 'too many'
  }
  if (role === undefined) return 'wrong'
  remember(env, role, network, tools)
  return role
}

/** The role of a token. Of one that is both, that of a viewer: what many know must not change anything. */
async function roleOf(
  { ADMIN_TOKEN, VIEWER_TOKEN }: Env,
  token: string,
): Promise<Role | undefined> {
  const [isViewer, isOperator] = await Promise.all(
    [VIEWER_TOKEN, ADMIN_TOKEN].map((one) => equalSecrets(token, one ?? '')),
  )
  if (token === '') return undefined
  return isViewer ? 'viewer' : isOperator ? 'operator' : undefined
}

/** The client address of a request; the local runtime does not set one. */
export function addressOf(headers: Headers): string {
  return headers.get('cf-connecting-ip') ?? 'local'
}

/** The network of an address: the first 64 bits of IPv6, since one client has all addresses below them; else the address. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address
  const [start = '', end] = address.toLowerCase().split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':'))
  const known = [groups(start), groups(end ?? '')] as const
  const zeros = end === undefined ? 0 : Math.max(0, 8 - known[0].length - known[1].length)
  const all = [...known[0], ...Array<string>(zeros).fill('0'), ...known[1]]
  return `${all
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`
}

/** Counts a request for a key. False above the limit of the last minute; true when there is no limiter, or it fails or is silent. */
export async function isWithin(limit: RateLimit | undefined, key: string): Promise<boolean> {
  if (limit === undefined) return true
  return withTimeout(limit.limit({ key }), 'the rate limit', LIMITER_TIMEOUT_MS).then(
    ({ success }) => success,
    () => true,
  )
}
