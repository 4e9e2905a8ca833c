// Who looks at the console: a person whom Cloudflare Access knows, or whoever bought a session with the token.
import type { Context, MiddlewareHandler } from 'hono'
import { deleteCookie, getSignedCookie, setSignedCookie } from 'hono/cookie'
import { hexOf, hmac } from '../../core/intake/signature.ts'
import type { Env } from '../../env.ts'
import { TOKEN_HOLDER } from '../operator.ts'

/** What the handlers of the console know of who asks. */
export type ConsoleEnv = { Bindings: Env; Variables: { who: string } }

/** How long a session lasts. */
const SESSION_MS = 12 * 3_600_000

const COOKIE = 'relay_session'
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** Lets in who is known, as `c.var.who`; sends others to the door, from where they come back. */
export function identified(now: () => number): MiddlewareHandler<ConsoleEnv> {
  return async (c, next) => {
    const who = (await knownToAccess(c)) ?? (await sessionOf(c, now()))
    if (who !== undefined) {
      c.set('who', who)
      return next()
    }
    const { pathname, search } = new URL(c.req.url)
    const isPage = c.req.method === 'GET' || c.req.method === 'HEAD'
    const door = `/console/sign-in?to=${encodeURIComponent(isPage ? pathname + search : '/console')}`
    // A part of a page that refreshes itself takes the whole page there.
    if (c.req.header('hx-request')) return c.body(null, 401, { 'hx-redirect': door })
    return isPage ? c.redirect(door, 303) : c.text('Sign in first.', 401)
  }
}

/** Who Cloudflare Access says it is, where ACCESS_AUD names the application that guards the console. */
async function knownToAccess(c: Context<ConsoleEnv>): Promise<string | undefined> {
  const { ACCESS_AUD } = c.env
  if (!ACCESS_AUD) return undefined
  const access = accessOf(c)
  if (access?.aud !== ACCESS_AUD) return undefined
  const identity = await access.getIdentity()
  return identity?.email
}

/** What Cloudflare Access knows of a request: `ctx.access` of the platform. */
type Access = { aud: string; getIdentity(): Promise<{ email?: string } | undefined> }

/** It, where it guards the Worker. Hono throws where a request has no context at all, as in tests. */
function accessOf(c: Context): Access | undefined {
  try {
    return (c.executionCtx as { access?: Access }).access
  } catch {
    return undefined
  }
}

async function sessionOf(c: Context<ConsoleEnv>, now: number): Promise<string | undefined> {
  const key = await keyOf(c.env)
  if (key === undefined) return undefined
  const value = await getSignedCookie(c, key, COOKIE, prefixFor(c))
  return value && Number(value) > now ? TOKEN_HOLDER : undefined
}

/** Opens a session that ends after twelve hours, or with the token that paid for it. */
export async function openSession(c: Context<ConsoleEnv>, now: number): Promise<void> {
  const key = await keyOf(c.env)
  if (key === undefined) throw new Error('there is no ADMIN_TOKEN')
  await setSignedCookie(c, COOKIE, String(now + SESSION_MS), key, {
    ...attributesFor(c),
    maxAge: SESSION_MS / 1000,
  })
}

/** Ends the session in this browser. */
export function closeSession(c: Context): void {
  deleteCookie(c, COOKIE, attributesFor(c))
}

/** The key that signs sessions: another token makes another, so that it signs everybody out. */
async function keyOf({ ADMIN_TOKEN }: Env): Promise<string | undefined> {
  if (!ADMIN_TOKEN) return undefined
  return hexOf(
    await hmac(Uint8Array.from(new TextEncoder().encode('console session')), ADMIN_TOKEN),
  )
}

// On this machine there is no https, and not every browser keeps a Secure cookie without it.
const isPlainLoopback = (c: Context) => {
  const { protocol, hostname } = new URL(c.req.url)
  return protocol === 'http:' && LOOPBACK.test(hostname)
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
