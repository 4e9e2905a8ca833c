// Who is signed in: a person known to Cloudflare Access, or the holder of a token.
import type { Context, MiddlewareHandler } from 'hono'
import { deleteCookie, getCookie, getSignedCookie, setSignedCookie } from 'hono/cookie'
import { hexOf, hmac } from '../../core/intake/signature.ts'
import { isLoopback } from '../../core/loopback.ts'
import type { Env } from '../../env.ts'
import { isKept, keep } from '../../store/operate/access.ts'
import { withTimeout } from '../../store/timeout.ts'
import { TOKEN_OF } from '../access.ts'
import type { Role } from '../known-networks.ts'

/** The environment of the handlers of the console. `who`: who is signed in; `role`: what that permits. */
export type ConsoleEnv = { Bindings: Env; Variables: { who: string; role: Role } }

/** How long a session lasts. */
const SESSION_MS = 12 * 3_600_000

const COOKIE = 'relay_session'

/** Requires a session and sets `c.var.who` and `c.var.role`. Redirects others to the sign-in page, which leads back. */
export function sessionRequired(now: () => number): MiddlewareHandler<ConsoleEnv> {
  return async (c, next) => {
    const email = await accessEmailOf(c)
    const role = email === undefined ? (await sessionOf(c, now()))?.role : 'operator'
    if (role !== undefined) {
      c.set('who', email ?? TOKEN_OF[role])
      c.set('role', role)
      return next()
    }
    const { pathname, search } = new URL(c.req.url)
    const isPage = c.req.method === 'GET' || c.req.method === 'HEAD'
    const signIn = `/console/sign-in?to=${encodeURIComponent(isPage ? pathname + search : '/console')}`
    // An update of a part of a page: htmx redirects the whole page.
    if (c.req.header('hx-request')) return c.body(null, 401, { 'hx-redirect': signIn })
    return isPage ? c.redirect(signIn, 303) : c.text('Sign in first.', 401)
  }
}

/** The e-mail address from Cloudflare Access, if ACCESS_AUD is that of the application that protects the console. */
async function accessEmailOf(c: Context<ConsoleEnv>): Promise<string | undefined> {
  const { ACCESS_AUD } = c.env
  if (!ACCESS_AUD) return undefined
  const access = accessOf(c)
  if (access?.aud !== ACCESS_AUD) return undefined
  const identity = await access.getIdentity()
  return identity?.email
}

/** The identity of a request by Cloudflare Access: `ctx.access` of the platform. */
type Access = { aud: string; getIdentity(): Promise<{ email?: string } | undefined> }

/** The Access context, if Access protects this Worker. Hono throws if a request has no context, as in tests. */
function accessOf(c: Context): Access | undefined {
  try {
    return (c.executionCtx as { access?: Access }).access
  } catch {
    return undefined
  }
}

/** A session as its cookie holds it. */
type Session = { id: string; role: Role; until: number }

/** The session of a request; undefined if it has none that is valid. */
async function sessionOf(c: Context<ConsoleEnv>, now: number): Promise<Session | undefined> {
  const cookie = getCookie(c, COOKIE, prefixFor(c)) ?? ''
  const [, until, role, id = ''] = /^(\d+)-(operator|viewer)-([\w-]+)\./.exec(cookie) ?? []
  const key = role && (await keyOf(c.env, role as Role))
  if (!key || Number(until) <= now) return undefined
  if (!(await getSignedCookie(c, key, COOKIE, prefixFor(c)))) return undefined
  const ended = withTimeout(isKept(c.env.DB, endedKey(id), now))
  const isEnded = await ended.catch(() => undefined)
  if (isEnded === true) return undefined
  // While D1 does not answer, nobody knows whether it was ended: then it only shows what is wrong.
  return { id, role: isEnded === undefined ? 'viewer' : (role as Role), until: Number(until) }
}

/** Starts a session. It ends after twelve hours, by signing out, or when the token of its role changes. */
export async function openSession(c: Context<ConsoleEnv>, role: Role, now: number): Promise<void> {
  const key = await keyOf(c.env, role)
  if (key === undefined) throw new Error('there is no token of this role')
  const value = `${now + SESSION_MS}-${role}-${crypto.randomUUID()}`
  await setSignedCookie(c, COOKIE, value, key, { ...attributesFor(c), maxAge: SESSION_MS / 1000 })
}

/**
 * Ends the session of this browser: its cookie is deleted, and a copy of it is refused from now on. Throws when D1 does
 * not take that; the cookie is deleted all the same.
 */
export async function closeSession(c: Context<ConsoleEnv>, now: number): Promise<void> {
  const session = await sessionOf(c, now)
  deleteCookie(c, COOKIE, attributesFor(c))
  if (session) {
    await withTimeout(keep(c.env.DB, endedKey(session.id), { until: session.until, now }))
  }
}

const endedKey = (id: string) => `ended ${id}`

/** The key that signs the sessions of a role. It derives from the token, so a new token ends all of them. */
async function keyOf(env: Env, role: Role): Promise<string | undefined> {
  const token = env[TOKEN_OF[role]]
  if (!token) return undefined
  return hexOf(await hmac(Uint8Array.from(new TextEncoder().encode(`console ${role}`)), token))
}

// Local development has no https, and not every browser keeps a Secure cookie without it.
const isPlainLoopback = (c: Context) => {
  const { protocol, hostname } = new URL(c.req.url)
  return protocol === 'http:' && isLoopback(hostname)
}
const prefixFor = (c: Context) => (isPlainLoopback(c) ? undefined : ('host' as const))

function attributesFor(c: Context) {
  const prefix = prefixFor(c)
  return {
    path: '/',
    httpOnly: true,
    sameSite: 'Strict' as const,
    secure: prefix === 'host',
    ...(prefix ? { prefix } : {}),
  }
}
