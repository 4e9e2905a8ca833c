// Security headers: what browsers may load, run and embed.
import type { MiddlewareHandler } from 'hono'
import { secureHeaders } from 'hono/secure-headers'

const SELF = ["'self'"]
const NOTHING = ["'none'"]

const forAll = secureHeaders({
  contentSecurityPolicy: { defaultSrc: NOTHING, styleSrc: SELF },
})

/** The console runs its own scripts and submits its own forms; Pico draws the arrows of selects by `data:` URLs. */
const forConsole = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: NOTHING,
    scriptSrc: SELF,
    styleSrc: SELF,
    imgSrc: ["'self'", 'data:'],
    connectSrc: SELF,
    formAction: SELF,
    baseUri: NOTHING,
    frameAncestors: NOTHING,
  },
})

/**
 * The headers of a 202, in place of all the others: no browser shows it, and it is sent for every event. Setting and
 * sending the others took 1 to 2 % of the time of accepting.
 */
export const FOR_SENDERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }

/** Sets the security headers: those of the console under `/console`, the strictest elsewhere, none on a 202. */
export const protectiveHeaders: MiddlewareHandler = async (c, next) => {
  await next()
  if (c.res.ok && c.req.path.startsWith('/in/')) return
  const set = /^\/console(\/|$)/.test(c.req.path) ? forConsole : forAll
  await set(c, async () => {})
}
