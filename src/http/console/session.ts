// Who is signed in: a person known to Cloudflare Access, or the holder of the token.
import type { Context, MiddlewareHandler } from 'hono'
import { deleteCookie, getSignedCookie, setSignedCookie } from 'hono/cookie'
import { hexOf, hmac } from '../../core/intake/signature.ts'
import type { Env } from '../../env.ts'
import { TOKEN_HOLDER } from '../operator.ts'

/** The environment of the handlers of the console. `who`: who is signed in. */
export type ConsoleEnv = { Bindings: Env; Variables: { who: string } }

/** How long a session lasts. */
const SESSION_MS = 12 * 3_600_000

const COOKIE = 'relay_session'
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** Requires a session and sets `c.var.who`. Redirects others to the sign-in page, which leads back. */
export function sessionRequired(now: () => number): MiddlewareHandler<ConsoleEnv> {
  return async (c, next) => {
    const who = (await accessEmailOf(c)) ?? (await sessionOf(c, now()))
    if (who !== undefined) {
      c.set('who', who)
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

async function sessionOf(c: Context<ConsoleEnv>, now: number): Promise<string | undefined> {
  const key = await keyOf(c.env)
  if (key === undefined) return undefined
  const value = await getSignedCookie(c, key, COOKIE, prefixFor(c))
  return value && Number(value) > now ? TOKEN_HOLDER : undefined
}

/** Starts a session. It ends after twelve hours, or when ADMIN_TOKEN changes. */
export async function openSession(c: Context<ConsoleEnv>, now: number): Promise<void> {
  const key = await keyOf(c.env)
  if (key === undefined) throw new Error('there is no ADMIN_TOKEN')
  await setSignedCookie(c, COOKIE, String(now + SESSION_MS), key, {
    ...attributesFor(c),
    maxAge: SESSION_MS / 1000,
  })
}

/** Ends the session of this browser. */
export function closeSession(c: Context): void {
  deleteCookie(c, COOKIE, attributesFor(c))
}

/** The key that signs sessions. It derives from the token, so a new token ends all sessions. */
async function keyOf({ ADMIN_TOKEN }: Env): Promise<string | undefined> {
  if (!ADMIN_TOKEN) return undefined
  return hexOf(
    await hmac(Uint8Array.from(new TextEncoder().encode('console session')), ADMIN_TOKEN),
  )
}

// Local development has no https, and not every browser keeps a Secure cookie without it.
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
