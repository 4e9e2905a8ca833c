// The headers that keep browsers from doing what we never ask of them.
import type { MiddlewareHandler } from 'hono'
import { secureHeaders } from 'hono/secure-headers'

const SELF = ["'self'"]
const NOTHING = ["'none'"]

const forAll = secureHeaders({
  contentSecurityPolicy: { defaultSrc: NOTHING, styleSrc: SELF },
})

/** The console runs scripts and sends forms, all of our own; Pico draws the arrows of its forms by `data:`. */
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
 * What the answer to a proven sender carries instead of all that: no browser shows it, and it is given for each event.
 * Setting and sending the others took one to two hundredths of what accepting takes.
 */
export const FOR_SENDERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }

/** Sets them: for the console as far as it needs more than the others, and no further; not for what was accepted. */
export const protectiveHeaders: MiddlewareHandler = async (c, next) => {
  await next()
  if (c.res.ok && c.req.path.startsWith('/in/')) return
  const set = /^\/console(\/|$)/.test(c.req.path) ? forConsole : forAll
  await set(c, async () => {})
}
