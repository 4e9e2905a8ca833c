// Access to every route: without a token, with a wrong one, and with the right one. And the headers of all responses.
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import type { Env } from '../../src/env.ts'
import { networkOf } from '../../src/http/access.ts'
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
  VIEWER_TOKEN: 'viewer',
} as unknown as Env

/** The table of routes, each with its credential. A route that is not in it fails the test. */
type Credential = 'none' | 'secret of the source' | 'token' | 'session' | 'token in the form'
const CREDENTIALS: Record<string, Credential> = {
  'POST /in/:source': 'secret of the source',
  'ALL /in/:source': 'secret of the source',
  'GET /healthz': 'none',
  'GET /schemas/:type/:version': 'none',
  'GET /openapi.json': 'none',
  'GET /docs': 'none',
  'GET /docs.css': 'none',
  'GET /metrics': 'token',
  'GET /api/events': 'token',
  'GET /api/events/:id': 'token',
  'POST /api/events/:id/replay': 'token',
  'GET /api/deliveries': 'token',
  'GET /api/people/:id/events': 'token',
  'GET /api/sources': 'token',
  'GET /api/sources/:name': 'token',
  'GET /api/targets': 'token',
  'GET /api/targets/:name': 'token',
  'POST /api/targets/:name/pause': 'token',
  'POST /api/targets/:name/resume': 'token',
  'POST /api/targets/:name/test': 'token',
  'GET /api/ledger': 'token',
  'GET /api/ledger/differences': 'token',
  'GET /api/attention': 'token',
  'GET /api/drift': 'token',
  'GET /api/replays': 'token',
  'GET /api/replays/:id': 'token',
  'POST /api/replays': 'token',
  'POST /api/replays/:id/stop': 'token',
  'POST /api/replays/:id/resume': 'token',
  'GET /api/people': 'token',
  'GET /api/people/:id': 'token',
  'GET /api/people/wrongly-joined': 'token',
  'POST /api/people/wrongly-joined/split': 'token',
  'POST /api/people/:id/split': 'token',
  'POST /api/people/:id/merge': 'token',
  'GET /api/people/erased': 'token',
  'POST /api/people/erased/verify': 'token',
  'POST /api/people/:id/erase': 'token',
  'GET /api/people/:id/erasure': 'token',
  'POST /api/people/:id/suppress': 'token',
  'GET /api/quarantine': 'token',
  'POST /api/quarantine/release': 'token',
  'POST /api/quarantine/dismiss': 'token',
  'POST /api/renormalize': 'token',
  'POST /api/simulate': 'token',
  'GET /api/export': 'token',
  'POST /api/import': 'token',
  'POST /api/import/lines': 'token',
  'GET /console/assets/:name': 'none',
  'GET /console/sign-in': 'none',
  'POST /console/sign-in': 'token in the form',
  'POST /console/sign-out': 'session',
  'GET /console': 'session',
  'GET /console/events': 'session',
  'GET /console/events/:id': 'session',
  'POST /console/events/:id/replay': 'session',
  'GET /console/events/:id/renormalize': 'session',
  'POST /console/events/:id/renormalize': 'session',
  'POST /console/find': 'session',
  'GET /console/quarantine': 'session',
  'POST /console/quarantine/plan': 'session',
  'POST /console/quarantine/release': 'session',
  'POST /console/quarantine/dismiss': 'session',
  'GET /console/people': 'session',
  'GET /console/people/:id': 'session',
  'GET /console/people/wrongly-joined': 'session',
  'POST /console/people/wrongly-joined/split': 'session',
  'POST /console/people/:id/split': 'session',
  'POST /console/people/:id/merge': 'session',
  'GET /console/people/erased': 'session',
  'GET /console/people/:id/erase': 'session',
  'POST /console/people/:id/erase': 'session',
  'GET /console/people/:id/erasure': 'session',
  'POST /console/people/:id/suppress': 'session',
  'GET /console/simulate': 'session',
  'POST /console/simulate': 'session',
  'GET /console/set-up': 'session',
  'GET /console/deliveries': 'session',
  'GET /console/targets': 'session',
  'POST /console/targets/:name/pause': 'session',
  'POST /console/targets/:name/resume': 'session',
  'POST /console/targets/:name/test': 'session',
  'GET /console/replays': 'session',
  'POST /console/replays/plan': 'session',
  'POST /console/replays': 'session',
  'GET /console/replays/:id': 'session',
  'POST /console/replays/:id/stop': 'session',
  'POST /console/replays/:id/resume': 'session',
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
    .replace(':id', 'evt_00000000000')
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
/** Whether a request is refused or redirected to the sign-in page. */
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
  expect(Object.keys(CREDENTIALS).sort()).toEqual(routes.toSorted())
})

it.each(routes)('%s accepts its credential and no other', async (route) => {
  const without = await isRefused(ask(route, {}))
  const wrong = await isRefused(ask(route, { authorization: 'Bearer somebody' }, '?key=guessed'))
  const operator = await isRefused(ask(route, { authorization: 'Bearer operator' }))
  const source = await isRefused(ask(route, {}, '?key=hype%20secret'))
  const forged = await isRefused(ask(route, { cookie: '__Host-relay_session=9999999999999.x' }))
  const session = await isRefused(ask(route, { cookie: await cookieOf() }))

  const refusedAll = {
    without: true,
    wrong: true,
    operator: true,
    source: true,
    forged: true,
    session: true,
  }
  const acceptedAll = Object.fromEntries(Object.keys(refusedAll).map((who) => [who, false]))
  expect({ without, wrong, operator, source, forged, session }).toEqual(
    {
      none: acceptedAll,
      'secret of the source': { ...refusedAll, source: false },
      token: { ...refusedAll, operator: false },
      session: { ...refusedAll, session: false },
      'token in the form': refusedAll,
    }[CREDENTIALS[route] ?? 'none'],
  )
})

it.each(routes)('%s has the headers of security and caching, and no secret', async (route) => {
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

/** Requests to another isolate of the relay, which remembers no address: `guess` gives the status of a token. */
function anIsolate() {
  const written: Promise<unknown>[] = []
  const app = createApp(() => config, {
    now: () => Date.now(),
    random: () => Math.random(),
    log: () => undefined,
    fetch: async () => new Response(),
    waitUntil: (work) => written.push(work),
  })
  const limited = { ...bindings, FAILURES: (env as unknown as Env).FAILURES } as Env
  const guess = async (token: string, address: string) => {
    const headers = { authorization: `Bearer ${token}`, 'cf-connecting-ip': address }
    const response = await app.request('/api/targets', { headers }, limited)
    await Promise.all(written)
    return response
  }
  const flood = async (address: string) => {
    for (let i = 0; i < 11; i++) await guess('wrong', address)
  }
  return { guess, flood }
}

it('answers 429 with Retry-After after ten wrong tokens a minute from an address, and does not try the right one', async () => {
  const { guess: ask } = anIsolate()
  const guess = (token: string, address = '192.0.2.7') => ask(token, address)
  const statuses: number[] = []
  for (let i = 0; i < 11; i++) statuses.push((await guess('wrong')).status)

  const last = await guess('wrong')

  expect(statuses.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 401))
  expect(last.status).toBe(429)
  expect(last.headers.get('retry-after')).toBe('60')
  const right = await guess('operator')
  expect([right.status, await right.text()]).toEqual([429, await last.text()])
  expect((await guess('wrong', '192.0.2.8')).status).toBe(401)
})

it('accepts the token above the limit where the operator has used it, in every isolate', async () => {
  const { guess, flood } = anIsolate()
  expect((await guess('operator', '192.0.2.20')).status).toBe(200)
  await flood('192.0.2.20')
  expect((await guess('wrong', '192.0.2.20')).status).toBe(429)

  expect((await guess('operator', '192.0.2.20')).status).toBe(200)
  expect((await anIsolate().guess('operator', '192.0.2.20')).status).toBe(200)
})

it('does not accept the ADMIN_TOKEN above the limit where only the VIEWER_TOKEN was used', async () => {
  const { guess, flood } = anIsolate()
  expect((await guess('viewer', '192.0.2.21')).status).toBe(200)
  await flood('192.0.2.21')

  expect((await guess('viewer', '192.0.2.21')).status).toBe(200)
  expect((await guess('operator', '192.0.2.21')).status).toBe(429)
})

it('counts the addresses of one IPv6 network as one', async () => {
  const { guess } = anIsolate()
  const statuses: number[] = []
  for (let i = 0; i < 11; i++) statuses.push((await guess('wrong', `2001:db8::${i}`)).status)

  expect(statuses.at(-1)).toBe(429)
  expect((await guess('wrong', '2001:db8:0:1::1')).status).toBe(401)
})

it.each([
  ['192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0DB8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['2001:db8:1::', '2001:db8:1:0::/64'],
])('the network of %s is %s', (address, network) => {
  expect(networkOf(address)).toBe(network)
})

it.each(routes.filter((route) => CREDENTIALS[route] === 'token'))(
  '%s only reads with the VIEWER_TOKEN',
  async (route) => {
    const response = await ask(route, { authorization: 'Bearer viewer' })

    if (route.startsWith('GET')) expect([401, 403]).not.toContain(response.status)
    else {
      expect(response.status).toBe(403)
      expect(await response.json()).toEqual({
        type: 'urn:membership-relay:problem:read-only',
        title: 'The VIEWER_TOKEN permits reading only. Changes need the ADMIN_TOKEN.',
        status: 403,
      })
    }
  },
)

it('gives a token that is both only the right to read', async () => {
  const both = { ...bindings, VIEWER_TOKEN: 'operator' }
  const headers = { authorization: 'Bearer operator' }
  const path = '/api/targets/crm/pause'

  expect((await app.request(path, { method: 'POST', headers }, both)).status).toBe(403)
})

it('accepts the webhooks of a source while the rate limiter fails', async () => {
  const broken = { limit: () => Promise.reject(new Error('away')) } as unknown as RateLimit
  const response = await app.request(
    '/in/hype?key=hype%20secret',
    { method: 'POST', body: JSON.stringify(aPayment()) },
    { ...bindings, INTAKE: broken },
  )

  expect(response.status).toBe(202)
})
