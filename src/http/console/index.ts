// The console: pages for operators, rendered on the server and usable without a script.
import type { Context, MiddlewareHandler } from 'hono'
import { csrf } from 'hono/csrf'
import { HTTPException } from 'hono/http-exception'
import { Hono } from 'hono/tiny'
import { signInPage } from '../../console/sign-in.tsx'
import type { Env } from '../../env.ts'
import { recordSystemEvent } from '../../stages/deliveries/system-events.ts'
import { withTimeout } from '../../store/timeout.ts'
import { admit, NO_ADMIN_TOKEN, READ_ONLY, TOKEN_OF } from '../access.ts'
import type { ApiTools } from '../tools.ts'
import { assets } from './assets.ts'
import { deliveries } from './deliveries/deliveries.tsx'
import { replays } from './deliveries/replays.tsx'
import { targets } from './deliveries/targets.tsx'
import { events } from './events/events.tsx'
import { find } from './events/find.ts'
import { people } from './events/people.tsx'
import { fieldsOf, showError } from './frame.ts'
import { overview } from './ledger/overview.tsx'
import { erasures } from './operate/erasures.tsx'
import { quarantine } from './operate/quarantine.tsx'
import { setUp } from './operate/set-up.tsx'
import { simulation } from './operate/simulate.tsx'
import { type ConsoleEnv, closeSession, openSession, sessionRequired } from './session.ts'

/** Every route under `/console`. */
export function createConsole(tools: ApiTools): Hono<{ Bindings: Env }> {
  const console = new Hono<ConsoleEnv>()
    .route('/assets', assets())
    // Forms of other sites are refused, by the headers Origin and Sec-Fetch-Site.
    .use(csrf())
    .get('/sign-in', (c) => c.html(signInPage(returnPath(c.req.query('to'), c.req.url))))
    .post('/sign-in', (c) => signIn(c, tools))
    .use(sessionRequired(tools.now))
    .use(changesForOperators)
    .post('/sign-out', (c) => signOut(c, tools))
    .route('/', overview(tools))
    .route('/events', events(tools))
    .route('/find', find(tools))
    .route('/deliveries', deliveries(tools))
    .route('/targets', targets(tools))
    .route('/replays', replays(tools))
    .route('/quarantine', quarantine(tools))
    .route('/people', erasures(tools))
    .route('/people', people(tools))
    .route('/simulate', simulation(tools))
    .route('/set-up', setUp(tools))
    .all('*', (c) => showError(c, 'This page does not exist. Use the navigation above.', 404))
    .onError((error, c) => {
      if (error instanceof HTTPException) return error.getResponse()
      tools.log({ at: 'console', path: c.req.routePath, fault: error.name, detail: error.message })
      return showError(c, 'Internal error. It was logged.', 500)
    })
  return console as unknown as Hono<{ Bindings: Env }>
}

async function signIn(c: Context<ConsoleEnv>, tools: ApiTools): Promise<Response> {
  const { token = '', to } = await fieldsOf(c)
  const err = (text: string, status: 401 | 429 | 503) =>
    c.html(signInPage(returnPath(to, c.req.url), { kind: 'refused', text }), status)
  if (!c.env.ADMIN_TOKEN) return err(NO_ADMIN_TOKEN, 503)
  const admitted = await admit(c.env, c.req.raw.headers, token, tools)
  if (admitted === 'wrong') return err('Wrong token.', 401)
  if (admitted === 'too many') {
    return err('Too many failed attempts from this address. Try again in a minute.', 429)
  }
  await openSession(c, admitted, tools.now())
  await record(c, tools, 'relay.operator_signed_in', TOKEN_OF[admitted])
  return c.redirect(returnPath(to, c.req.url), 303)
}

async function signOut(c: Context<ConsoleEnv>, tools: ApiTools): Promise<Response> {
  const fault = await closeSession(c, tools.now()).catch(String)
  if (fault !== undefined) {
    tools.log({ at: 'console', fault: 'a session was not ended', detail: fault })
    return c.html(signInPage('/console', { kind: 'refused', text: NOT_ENDED }), 503)
  }
  await record(c, tools, 'relay.operator_signed_out', c.get('who'))
  return c.redirect('/console/sign-in', 303)
}

const NOT_ENDED =
  'This browser is signed out, but D1 did not record it: a copy of its cookie is valid for up to twelve hours.'

/** The forms that change nothing: searches and previews, posted so that no URL contains them, and ending the session. */
const READING_FORMS = [
  '/console/find',
  '/console/sign-out',
  '/console/replays/plan',
  '/console/quarantine/plan',
]

/** Refuses all other forms to a viewer. */
const changesForOperators: MiddlewareHandler<ConsoleEnv> = async (c, next) => {
  const { method, path } = c.req
  const isReading = method === 'GET' || method === 'HEAD' || READING_FORMS.includes(path)
  return isReading || c.get('role') === 'operator' ? next() : showError(c, READ_ONLY, 403)
}

/**
 * Writes to the log who signed in or out. When D1 does not take it, the Worker's log says so: the console must open
 * while D1 refuses writes, as it shows what is wrong.
 */
async function record(
  c: Context<ConsoleEnv>,
  { configOf, ...tools }: ApiTools,
  type: 'relay.operator_signed_in' | 'relay.operator_signed_out',
  by: string,
): Promise<void> {
  const recorded = recordSystemEvent(c.env, configOf(c.env), { type, data: { by } }, tools)
  await withTimeout(recorded).catch((error) =>
    tools.log({ at: 'audit', type, fault: 'it was not recorded', detail: String(error) }),
  )
}

/**
 * The page to open after signing in: `to` if it is the path of a page of the console in the very spelling that browsers
 * would open (no control characters, no `..`, no other origin), else the overview.
 */
function returnPath(to: string | undefined, here: string): string {
  const url = to === undefined || !URL.canParse(to, here) ? undefined : new URL(to, here)
  const isOurs = url !== undefined && /^\/console(\/|$)/.test(url.pathname)
  return isOurs && url.pathname + url.search === to ? to : '/console'
}
