// What every page of the console is answered with; and what an act leaves behind: a line for the next page, and its
// record in the log.
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { Child } from 'hono/jsx'
import { type Notice, pageOf } from '../../console/layout.tsx'
import type { OperatorAct } from '../../core/events/system-event.ts'
import { recordSystemEvent } from '../../stages/deliveries/system-events.ts'
import type { ApiTools } from '../tools.ts'
import type { ConsoleEnv } from './session.ts'

const COOKIE = 'relay_notice'
const NOTICE_SECONDS = 60

/** Answers with a page. Shows what was just done, once. */
export function show(
  c: Context<ConsoleEnv>,
  title: string,
  content: Child,
  { status = 200, notice }: { status?: 200 | 400 | 404 | 409 | 500; notice?: Notice } = {},
): Response {
  const kept = noticeIn(getCookie(c, COOKIE))
  if (kept) deleteCookie(c, COOKIE, { path: '/console' })
  const frame = { path: c.req.path, who: c.get('who'), notice: notice ?? kept }
  return c.html(pageOf(title, frame, content), status)
}

/** A page that says what went wrong, and where to go on. */
export function refuse(
  c: Context<ConsoleEnv>,
  text: string,
  status: 400 | 404 | 409 | 500 = 400,
): Response {
  return show(c, status === 404 ? 'Not found' : 'Not done', '', {
    status,
    notice: { kind: 'refused', text },
  })
}

/** Goes to a page, which says what was done, or why not. */
export function goTo(
  c: Context<ConsoleEnv>,
  path: string,
  text: string,
  kind: Notice['kind'] = 'done',
): Response {
  const value = `${kind}:${text.slice(0, 1000)}`
  setCookie(c, COOKIE, value, {
    path: '/console',
    httpOnly: true,
    sameSite: 'Strict',
    maxAge: NOTICE_SECONDS,
  })
  return c.redirect(path, 303)
}

function noticeIn(cookie: string | undefined): Notice | undefined {
  const [, kind, text] = /^(done|refused):(.*)$/s.exec(cookie ?? '') ?? []
  return text === undefined ? undefined : { kind: kind as Notice['kind'], text }
}

/** Writes to the log who did what. `on`: what it was done to, by id or name, never by anything personal. */
export async function acted(
  c: Context<ConsoleEnv>,
  { configOf, ...tools }: ApiTools,
  act: OperatorAct,
  on: string,
): Promise<void> {
  const data = { by: c.get('who'), act, on }
  await recordSystemEvent(c.env, configOf(c.env), { type: 'relay.operator_acted', data }, tools)
}

/** The fields of a form, as texts; those that are left empty are left out. Of fields of one name, the last. */
export async function fieldsOf(c: Context): Promise<Record<string, string>> {
  const body = await c.req.parseBody()
  return filled(body)
}

/** The texts of a query that say something. */
export function filled(values: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => {
      const text = typeof value === 'string' ? value.trim() : ''
      return text === '' ? [] : [[key, text]]
    }),
  )
}
