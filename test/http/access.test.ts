// Who may what: every route without a token, with another one, and with the right one. And what every answer carries.
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import type { Env } from '../../src/env.ts'
import { createApp } from '../../src/http/app.ts'
import { aConfig, aPayment, aQueue, aSpill } from '../builders.ts'

const ORIGIN = 'https://relay.example'
const config = aConfig({ name: 'crm', url: 'https://target.example/hook?token=very-secret' })
const app = createApp(() => config, {
  now: () => Date.now(),
  random: () => Math.random(),
  log: () => undefined,
  fetch: async () => new Response(),
  waitUntil: () => undefined,
})
const bindings = {
  DB: env.DB,
  DELIVERIES: aQueue().queue,
  RETRIES: aQueue().queue,
  SPILL: aSpill().queue,
  ADMIN_TOKEN: 'operator',
} as unknown as Env

/** The table: who may ask each route. A route that is not in it fails the test. */
type Who = 'anybody' | 'a proven source' | 'the operator' | 'who is signed in' | 'who has the token'
const WHO: Record<string, Who> = {
  'POST /in/:source': 'a proven source',
  'ALL /in/:source': 'a proven source',
  'GET /healthz': 'anybody',
  'GET /schemas/:type/:version': 'anybody',
  'GET /openapi.json': 'anybody',
  'GET /docs': 'anybody',
  'GET /docs.css': 'anybody',
  'GET /metrics': 'the operator',
  'GET /api/events': 'the operator',
  'GET /api/events/:id': 'the operator',
  'POST /api/events/:id/replay': 'the operator',
  'GET /api/deliveries': 'the operator',
  'GET /api/people/:id/events': 'the operator',
  'GET /api/sources': 'the operator',
  'GET /api/sources/:name': 'the operator',
  'GET /api/targets': 'the operator',
  'GET /api/targets/:name': 'the operator',
  'POST /api/targets/:name/pause': 'the operator',
  'POST /api/targets/:name/resume': 'the operator',
  'POST /api/targets/:name/test': 'the operator',
  'GET /api/ledger': 'the operator',
  'GET /api/ledger/differences': 'the operator',
  'GET /api/drift': 'the operator',
  'GET /api/replays': 'the operator',
  'GET /api/replays/:id': 'the operator',
  'POST /api/replays': 'the operator',
  'POST /api/replays/:id/stop': 'the operator',
  'POST /api/replays/:id/resume': 'the operator',
  'GET /api/people': 'the operator',
  'GET /api/people/:id': 'the operator',
  'POST /api/people/:id/split': 'the operator',
  'POST /api/people/:id/merge': 'the operator',
  'GET /api/quarantine': 'the operator',
  'POST /api/quarantine/release': 'the operator',
  'POST /api/quarantine/dismiss': 'the operator',
  'POST /api/renormalize': 'the operator',
  'POST /api/simulate': 'the operator',
  'GET /console/assets/:name': 'anybody',
  'GET /console/sign-in': 'anybody',
  'POST /console/sign-in': 'who has the token',
  'POST /console/sign-out': 'who is signed in',
  'GET /console': 'who is signed in',
  'GET /console/events': 'who is signed in',
  'GET /console/events/:id': 'who is signed in',
  'POST /console/events/:id/replay': 'who is signed in',
  'GET /console/events/:id/renormalize': 'who is signed in',
  'POST /console/events/:id/renormalize': 'who is signed in',
  'POST /console/find': 'who is signed in',
  'GET /console/quarantine': 'who is signed in',
  'POST /console/quarantine/plan': 'who is signed in',
  'POST /console/quarantine/release': 'who is signed in',
  'POST /console/quarantine/dismiss': 'who is signed in',
  'GET /console/people': 'who is signed in',
  'GET /console/people/:id': 'who is signed in',
  'POST /console/people/:id/split': 'who is signed in',
  'POST /console/people/:id/merge': 'who is signed in',
  'GET /console/simulate': 'who is signed in',
  'POST /console/simulate': 'who is signed in',
  'GET /console/set-up': 'who is signed in',
  'GET /console/deliveries': 'who is signed in',
  'GET /console/targets': 'who is signed in',
  'POST /console/targets/:name/pause': 'who is signed in',
  'POST /console/targets/:name/resume': 'who is signed in',
  'POST /console/targets/:name/test': 'who is signed in',
  'GET /console/replays': 'who is signed in',
  'POST /console/replays/plan': 'who is signed in',
  'POST /console/replays': 'who is signed in',
  'GET /console/replays/:id': 'who is signed in',
  'POST /console/replays/:id/stop': 'who is signed in',
  'POST /console/replays/:id/resume': 'who is signed in',
}
const routes = [
  ...new Set(
    app.routes
      .filter(({ path }) => !path.endsWith('*'))
      .map(({ method, path }) => `${method} ${path}`),
  ),
]

function ask(route: string, headers: Record<string, string>, query = '') {
  const [method = '', path = ''] = route.split(' ')
  const filled = path
    .replace(':source', 'hype')
    .replace(':type/:version', 'payment.created/1')
    .replace('assets/:name', 'assets/console.css')
    .replace(':name', 'crm')
    .replace(':id', 'evt_0000000000000')
  const hasBody = method === 'POST' || method === 'ALL'
  return app.request(
    ORIGIN + filled + query,
    {
      method: method === 'ALL' ? 'POST' : method,
      headers: { origin: ORIGIN, ...headers },
      ...(hasBody ? { body: JSON.stringify(path.startsWith('/in') ? aPayment() : {}) } : {}),
    },
    bindings,
  )
}
/** Refused, or sent to the door. */
const isRefused = async (asked: Response | Promise<Response>) => {
  const response = await asked
  const to = response.headers.get('location') ?? ''
  return [401, 403].includes(response.status) || to.startsWith('/console/sign-in?to=')
}
const cookieOf = async () => {
  const signedIn = await app.request(
    `${ORIGIN}/console/sign-in`,
    {
      method: 'POST',
      headers: { origin: ORIGIN },
      body: new URLSearchParams({ token: 'operator' }),
    },
    bindings,
  )
  return signedIn.headers.get('set-cookie')?.split(';')[0] ?? ''
}

it('has a table that names every route, and no other', () => {
  expect(Object.keys(WHO).sort()).toEqual(routes.toSorted())
})

it.each(routes)('%s lets in whom it should', async (route) => {
  const without = await isRefused(ask(route, {}))
  const wrong = await isRefused(ask(route, { authorization: 'Bearer somebody' }, '?key=guessed'))
  const operator = await isRefused(ask(route, { authorization: 'Bearer operator' }))
  const source = await isRefused(ask(route, {}, '?key=hype%20secret'))
  const forged = await isRefused(ask(route, { cookie: '__Host-relay_session=9999999999999.x' }))
  const session = await isRefused(ask(route, { cookie: await cookieOf() }))

  const nobody = {
    without: true,
    wrong: true,
    operator: true,
    source: true,
    forged: true,
    session: true,
  }
  const anybody = Object.fromEntries(Object.keys(nobody).map((who) => [who, false]))
  expect({ without, wrong, operator, source, forged, session }).toEqual(
    {
      anybody,
      'a proven source': { ...nobody, source: false },
      'the operator': { ...nobody, operator: false },
      'who is signed in': { ...nobody, session: false },
      'who has the token': nobody,
    }[WHO[route] ?? 'anybody'],
  )
})

it.each(routes)('%s answers with the headers that keep browsers and caches out', async (route) => {
  for (const headers of [{}, { authorization: 'Bearer operator' }]) {
    const response = await ask(route, { ...headers, origin: 'https://elsewhere.example' })

    expect(Object.fromEntries(response.headers)).toMatchObject({
      'cache-control': route.includes('/assets/') ? 'public, max-age=300' : 'no-store',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'SAMEORIGIN',
      'referrer-policy': 'no-referrer',
      'strict-transport-security': expect.stringContaining('max-age='),
      'content-security-policy': expect.stringContaining("default-src 'none'"),
    })
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
    expect(await response.text()).not.toContain('very-secret')
  }
})

it('lets ten wrong tokens a minute come from an address, then says when to come again; the right one still gets in', async () => {
  const over = { ...bindings, FAILURES: (env as unknown as Env).FAILURES } as Env
  const guess = (token: string, address = '192.0.2.7') =>
    app.request(
      '/api/targets',
      { headers: { authorization: `Bearer ${token}`, 'cf-connecting-ip': address } },
      over,
    )
  const statuses: number[] = []
  for (let i = 0; i < 11; i++) statuses.push((await guess('wrong')).status)

  const last = await guess('wrong')

  expect(statuses.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 401))
  expect(last.status).toBe(429)
  expect(last.headers.get('retry-after')).toBe('60')
  expect((await guess('operator')).status).toBe(200)
  expect((await guess('wrong', '192.0.2.8')).status).toBe(401)
})

it('takes what a source is sent when the limiter fails', async () => {
  const broken = { limit: () => Promise.reject(new Error('away')) } as unknown as RateLimit
  const response = await app.request(
    '/in/hype?key=hype%20secret',
    { method: 'POST', body: JSON.stringify(aPayment()) },
    { ...bindings, INTAKE: broken },
  )

  expect(response.status).toBe(202)
})
