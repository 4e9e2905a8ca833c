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

/** Sets them: for the console as far as it needs more than the others, and no further. */
export const protectiveHeaders: MiddlewareHandler = (c, next) =>
  /^\/console(\/|$)/.test(c.req.path) ? forConsole(c, next) : forAll(c, next)
