// What all handlers of the console share: showing a page or an error, a notice for the next page, and reading forms.
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { Child } from 'hono/jsx'
import { type Notice, pageOf } from '../../console/layout.tsx'
import type { Operator, Refusal } from '../../stages/operate/acts/audit.ts'
import { consoleOperatorOf } from '../operator.ts'
import { refusalText } from '../refusals.ts'
import type { ApiTools } from '../tools.ts'
import type { ConsoleEnv } from './session.ts'

const COOKIE = 'relay_notice'
const NOTICE_SECONDS = 60

/** Answers with a page, and shows the notice of the request before, once. */
export function show(
  c: Context<ConsoleEnv>,
  title: string,
  content: Child,
  { status = 200, notice }: { status?: 200 | 400 | 403 | 404 | 409 | 500; notice?: Notice } = {},
): Response {
  const pending = noticeIn(getCookie(c, COOKIE))
  if (pending) deleteCookie(c, COOKIE, { path: '/console' })
  const frame = {
    path: c.req.path,
    who: c.get('who'),
    isReadOnly: c.get('role') === 'viewer',
    notice: notice ?? pending,
  }
  return c.html(pageOf(title, frame, content), status)
}

/** Answers with an error page. */
export function showError(
  c: Context<ConsoleEnv>,
  text: string,
  status: 400 | 403 | 404 | 409 | 500 = 400,
): Response {
  return show(c, status === 404 ? 'Not found' : 'Error', '', {
    status,
    notice: { kind: 'refused', text },
  })
}

/** Redirects to a page, which shows a notice: what was done, or why it was refused. */
export function goTo(
  c: Context<ConsoleEnv>,
  path: string,
  text: string,
  kind: Notice['kind'] = 'done',
): Response {
  const value = `${kind}:${text.slice(0, 1000).toWellFormed()}`
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

/** Who is signed in, to carry out an act. */
export function signedIn(
  c: Context<ConsoleEnv>,
  { configOf }: Pick<ApiTools, 'configOf'>,
): Operator {
  return consoleOperatorOf(c, configOf, c.get('who'))
}

/** Shows why an act was refused: as a notice on the page `back`, or as "Not found" where there is no such page. */
export function showRefusal(
  c: Context<ConsoleEnv>,
  refusal: Refusal,
  back: string | undefined,
): Response {
  const isMissing =
    refusal.kind === 'unknown_event' ||
    refusal.kind === 'unknown_replay' ||
    (refusal.kind === 'unknown_person' && refusal.which === 'this')
  const text = refusalText(refusal)
  return back === undefined || isMissing ? showError(c, text, 404) : goTo(c, back, text, 'refused')
}

/** The fields of a form as strings. Empty fields are left out; of several fields with one name, the last is taken. */
export async function fieldsOf(c: Context): Promise<Record<string, string>> {
  const body = await c.req.parseBody()
  return filled(body)
}

/** The values that are strings and not empty, trimmed. */
export function filled(values: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => {
      const text = typeof value === 'string' ? value.trim() : ''
      return text === '' ? [] : [[key, text]]
    }),
  )
}
