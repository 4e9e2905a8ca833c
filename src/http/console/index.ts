// The console: pages for operators, rendered on the server and usable without a script.
import type { Context } from 'hono'
import { csrf } from 'hono/csrf'
import { HTTPException } from 'hono/http-exception'
import { Hono } from 'hono/tiny'
import { signInPage } from '../../console/sign-in.tsx'
import { equalSecrets } from '../../core/intake/signature.ts'
import type { Env } from '../../env.ts'
import { recordSystemEvent } from '../../stages/deliveries/system-events.ts'
import { addressOf, isWithin } from '../access.ts'
import { TOKEN_HOLDER } from '../operator.ts'
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
    .get('/sign-in', (c) => c.html(signInPage(returnPath(c.req.query('to')))))
    .post('/sign-in', (c) => signIn(c, tools))
    .use(sessionRequired(tools.now))
    .post('/sign-out', async (c) => {
      closeSession(c)
      await record(c, tools, 'relay.operator_signed_out', c.get('who'))
      return c.redirect('/console/sign-in', 303)
    })
    .route('/', overview(tools))
    .route('/events', events(tools))
    .route('/find', find(tools))
    .route('/deliveries', deliveries(tools))
    .route('/targets', targets(tools))
    .route('/replays', replays(tools))
    .route('/quarantine', quarantine(tools))
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
  const { ADMIN_TOKEN } = c.env
  const err = (text: string, status: 401 | 429 | 503) =>
    c.html(signInPage(returnPath(to), { kind: 'refused', text }), status)
  if (!ADMIN_TOKEN) {
    return err('ADMIN_TOKEN is not set: run "npx wrangler secret put ADMIN_TOKEN".', 503)
  }
  if (!(await equalSecrets(token, ADMIN_TOKEN))) {
    return (await isWithin(c.env.FAILURES, addressOf(c.req.raw.headers)))
      ? err('Wrong admin token.', 401)
      : err('Too many failed attempts from this address. Try again in a minute.', 429)
  }
  await openSession(c, tools.now())
  await record(c, tools, 'relay.operator_signed_in', TOKEN_HOLDER)
  return c.redirect(returnPath(to), 303)
}

/** Writes to the log who signed in or out. */
function record(
  c: Context<ConsoleEnv>,
  { configOf, ...tools }: ApiTools,
  type: 'relay.operator_signed_in' | 'relay.operator_signed_out',
  by: string,
): Promise<void> {
  return recordSystemEvent(c.env, configOf(c.env), { type, data: { by } }, tools)
}

/** The page to open after signing in: one of the console, whatever `to` is. */
function returnPath(to: string | undefined): string {
  return to !== undefined && /^\/console(?:[/?][^\\]*)?$/.test(to) ? to : '/console'
}
