// Access to the console: signing in, sessions, and the origin of forms.
import { createExecutionContext, env } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import type { Env } from '../../../src/env.ts'
import { createApp } from '../../../src/http/app.ts'
import { getEvent, listEvents } from '../../../src/store/events/events.ts'
import { aConfig } from '../../builders.ts'
import { actsOf, anOperator, aVisitor, ORIGIN, TOKEN } from './visitor.ts'

const HOUR = 3_600_000
const SIGN_IN = '/console/sign-in?to=%2Fconsole%2Fevents%3Fsource%3Dhype'

describe('a session', () => {
  it('is required: the sign-in page leads back to the requested page', async () => {
    const visitor = aVisitor()
    const response = await visitor.ask('/console/events?source=hype')

    expect(response.status).toBe(303)
    expect(response.headers.get('location')).toBe(SIGN_IN)
    const page = await visitor.send('/console/sign-in', {
      token: TOKEN,
      to: '/console/events?source=hype',
    })
    expect(page).toMatchObject({ url: '/console/events?source=hype' })
  })

  it('has a cookie that scripts cannot read, that other sites cannot use, and that expires after twelve hours', async () => {
    const visitor = aVisitor()
    const response = await visitor.ask('/console/sign-in', {
      method: 'POST',
      body: new URLSearchParams({ token: TOKEN }),
      headers: { origin: ORIGIN },
    })
    const cookie = response.headers.get('set-cookie')

    expect(cookie).toMatch(/^__Host-relay_session=/)
    for (const attribute of ['HttpOnly', 'Secure', 'SameSite=Strict', 'Max-Age=43200', 'Path=/']) {
      expect(cookie).toContain(attribute)
    }
    expect((await visitor.ask('/console')).status).toBe(200)
    visitor.advance(12 * HOUR - 10)
    expect((await visitor.ask('/console')).status).toBe(200)
    visitor.advance(10)
    expect((await visitor.ask('/console')).status).toBe(303)
  })

  it('works on localhost without https, where browsers do not keep a Secure cookie', async () => {
    const visitor = await anOperator({ origin: 'http://127.0.0.1:8787' })

    expect([...visitor.cookies.keys()]).toEqual(['relay_session'])
    expect((await visitor.ask('/console')).status).toBe(200)
  })

  it('is refused with a cookie that is forged, changed, or of another token', async () => {
    const visitor = await anOperator()
    const [[name, value] = ['', '']] = [...visitor.cookies]
    const [session = '', signature] = decodeURIComponent(value).split('.')
    const later = session.replace(/^\d+/, '99999999999999')
    const another = session.replace(/.$/, (last) => (last === '0' ? '1' : '0'))
    const forgeries = [
      `${later}.${signature}`,
      `${another}.${signature}`,
      `${session.replace('operator', 'viewer')}.${signature}`,
      `${session}.`,
      session,
      `99999999999999.${signature}`,
      '',
    ]
    for (const forged of forgeries) {
      visitor.cookies.set(name, encodeURIComponent(forged))
      expect((await visitor.ask('/console')).status).toBe(303)
    }
    const other = aVisitor({ env: { ADMIN_TOKEN: 'another' } })
    other.cookies.set(name, value)
    expect((await other.ask('/console')).status).toBe(303)
  })

  it('ends by signing out, and the log has both events', async () => {
    const visitor = await anOperator()
    const page = await visitor.send('/console/sign-out')

    expect(page.url).toBe('/console/sign-in')
    expect((await visitor.ask('/console')).status).toBe(303)
    const { items } = await listEvents(env.DB, { types: ['relay.operator_*'] }, { limit: 10 })
    expect(items.map(({ type, deliveries_created }) => ({ type, deliveries_created }))).toEqual(
      expect.arrayContaining([
        { type: 'relay.operator_signed_out', deliveries_created: 0 },
        { type: 'relay.operator_signed_in', deliveries_created: 0 },
      ]),
    )
  })

  it('that was ended is refused with a copy of its cookie, and no other session is', async () => {
    const visitor = await anOperator()
    const other = await anOperator()
    const [[name, value] = ['', '']] = [...visitor.cookies]
    await visitor.send('/console/sign-out')
    visitor.cookies.set(name, value)

    expect((await visitor.ask('/console')).status).toBe(303)
    expect((await visitor.ask('/console/events')).status).toBe(303)
    expect((await other.ask('/console')).status).toBe(200)
  })

  it('opens while D1 refuses writes, as the console shows what is wrong', async () => {
    const visitor = aVisitor({ env: { DB: aDatabaseThatRefusesBatches() } })
    const page = await visitor.signIn()

    expect(page).toMatchObject({ status: 200, url: '/console' })
    expect(visitor.logged).toContainEqual(
      expect.objectContaining({ at: 'audit', type: 'relay.operator_signed_in' }),
    )
  })

  it('is over in the browser although D1 does not record that, and the page says so', async () => {
    const visitor = aVisitor({ env: { DB: aDatabaseThatRefusesBatches() } })
    await visitor.signIn()
    const page = await visitor.send('/console/sign-out')

    expect(page.status).toBe(503)
    expect(page.text).toContain('a copy of its cookie is valid for up to twelve hours')
    expect((await visitor.ask('/console')).status).toBe(303)
  })

  it('of an ended one is forgotten when its cookie has expired', async () => {
    await env.DB.prepare('DELETE FROM access').run()
    const count = () => env.DB.prepare('SELECT count(*) AS n FROM access').first('n')
    const visitor = await anOperator()
    await visitor.send('/console/sign-out')
    expect(await count()).toBe(1)

    visitor.advance(13 * HOUR)
    await visitor.signIn()
    await visitor.send('/console/sign-out')
    expect(await count()).toBe(1)
  })

  it('is refused with a wrong token, and after ten of them in a minute with 429, also with the right one', async () => {
    const visitor = aVisitor({ env: { FAILURES: (env as unknown as Env).FAILURES as RateLimit } })
    for (let i = 0; i < 10; i++) {
      const page = await visitor.signIn('guessed')
      expect(page).toMatchObject({
        status: 401,
        text: expect.stringContaining('Wrong token.'),
      })
    }
    expect(await visitor.signIn('guessed')).toMatchObject({ status: 429 })
    expect(await visitor.signIn()).toMatchObject({ status: 429, url: '/console/sign-in' })
  })

  it('is refused with a remedy while no token is set', async () => {
    const page = await aVisitor({ env: { ADMIN_TOKEN: '' } }).signIn('')

    expect(page).toMatchObject({
      status: 503,
      text: expect.stringContaining('wrangler secret put ADMIN_TOKEN'),
    })
  })

  it.each([
    'https://elsewhere.example/',
    '//elsewhere.example',
    '/\\elsewhere.example',
    '/api/events',
    '/console\\..',
    '/consoles',
    '/console/\nx',
    '/console/\r\nset-cookie: a=b',
    '/console/\tx',
    '/console/\0x',
    '/console/ x',
    '/console/é',
    '/console/../api/events',
    '/console/%2e%2e/api/events',
    '/console/./events',
    '/console?x=\ny',
    '/console#x',
    'console',
    'https://relay.example/console/events',
    'https://relay.example@elsewhere.example/console',
    'javascript:alert(1)//console',
    '//relay.example/console/events',
    '/\t/elsewhere.example',
  ])('leads only to pages of the console: not to %s', async (to) => {
    const visitor = aVisitor()
    const response = await visitor.ask('/console/sign-in', {
      method: 'POST',
      body: new URLSearchParams({ token: TOKEN, to }),
      headers: { origin: ORIGIN },
    })

    expect(response.headers.get('location')).toBe('/console')
  })
})

describe('the holder of VIEWER_TOKEN', () => {
  const VIEWER = 'the viewers know it'
  const aViewer = async () => {
    const visitor = aVisitor({ env: { VIEWER_TOKEN: VIEWER } })
    await visitor.signIn(VIEWER)
    return visitor
  }
  const PAGES = ['/console', '/console/events', '/console/people', '/console/set-up']

  it.each(PAGES)('sees %s, without what changes anything', async (path) => {
    const page = await (await aViewer()).open(path)

    expect(page.status).toBe(200)
    expect(page.html).toContain('<body data-read-only="">')
    expect(page.text).toContain('VIEWER_TOKEN, read only')
  })

  it('may ask for the headers of a page', async () => {
    const response = await (await aViewer()).ask('/console', { method: 'HEAD' })

    expect(response.status).toBe(200)
  })

  it('may search and preview', async () => {
    const viewer = await aViewer()

    const found = await viewer.send('/console/find', { who: 'nobody@gym.example' })
    expect(found.text).toContain('No match for')
    const plan = await viewer.send('/console/replays/plan', { since: '1h', target: 'crm' })
    expect(plan.text).toContain('No delivery matches')
  })

  const CHANGES = aVisitor()
    .postsOf('/console')
    .map((path) => path.replace(':name', 'crm').replace(/:id/, 'evt_0000000000000'))
    .filter((path) => !/sign-in|sign-out|find|plan$/.test(path))

  it.each(CHANGES)('changes nothing: %s', async (path) => {
    const viewer = await aViewer()
    const page = await viewer.send(path, { target: 'crm' })

    expect(page.status).toBe(403)
    expect(page.text).toContain('The VIEWER_TOKEN permits reading only.')
    expect(viewer.queue.sent).toEqual([])
  })

  it('is named in the log when they sign in and out', async () => {
    await env.DB.prepare("DELETE FROM events WHERE source = 'relay'").run()
    const viewer = await aViewer()
    await viewer.send('/console/sign-out')
    const { items } = await listEvents(env.DB, { types: ['relay.operator_*'] }, { limit: 10 })
    const events = await Promise.all(items.map(({ id }) => getEvent(env, id)))

    expect(events).toMatchObject([
      { event: { data: { by: 'VIEWER_TOKEN' } } },
      { event: { data: { by: 'VIEWER_TOKEN' } } },
    ])
  })

  it('is signed out by another VIEWER_TOKEN', async () => {
    const viewer = await aViewer()
    const other = aVisitor({ env: { VIEWER_TOKEN: 'another' } })
    const none = aVisitor()
    for (const [name, value] of viewer.cookies) {
      other.cookies.set(name, value)
      none.cookies.set(name, value)
    }

    expect((await other.ask('/console')).status).toBe(303)
    expect((await none.ask('/console')).status).toBe(303)
  })
})

describe('a form', () => {
  const FORMS = aVisitor()
    .postsOf('/console')
    .map((path) => path.replace(':name', 'crm').replace(/:id/, 'evt_0000000000000'))

  it('is found for every POST route', () => {
    expect(FORMS.length).toBeGreaterThan(15)
    expect(FORMS).toContain('/console/targets/crm/pause')
  })

  it.each(FORMS)('from another site is refused: %s', async (path) => {
    const visitor = await anOperator()
    for (const headers of [
      {},
      { origin: 'https://elsewhere.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site', origin: 'https://other.relay.example' },
    ]) {
      const body = new URLSearchParams({ token: TOKEN })
      const response = await visitor.ask(path, {
        method: 'POST',
        body,
        headers: headers as HeadersInit,
      })
      expect(response.status).toBe(403)
    }
    expect((await visitor.ask('/console')).status).toBe(200)
  })

  it.each(FORMS.filter((path) => path !== '/console/sign-in'))(
    'without a session does nothing: %s',
    async (path) => {
      const init = { method: 'POST', body: new URLSearchParams(), headers: { origin: ORIGIN } }

      expect((await aVisitor().ask(path, init)).status).toBe(401)
    },
  )
})

describe('Cloudflare Access', () => {
  const config = aConfig({ name: 'crm' })
  const app = createApp(() => config, {
    now: () => Date.now(),
    random: () => Math.random(),
    log: () => undefined,
    fetch: async () => new Response(),
    waitUntil: () => undefined,
  })
  const ask = (aud: string | undefined, known: { aud: string; email?: string } | undefined) => {
    const access = known && { aud: known.aud, getIdentity: async () => ({ email: known.email }) }
    const context = Object.assign(createExecutionContext(), { access })
    const bindings = { ...(env as object), ADMIN_TOKEN: TOKEN, ACCESS_AUD: aud } as Env
    return app.request(`${ORIGIN}/console`, {}, bindings, context as ExecutionContext)
  }

  it('admits the users that it identifies, by name', async () => {
    const response = await ask('the application', {
      aud: 'the application',
      email: 'ana@gym.example',
    })

    expect(response.status).toBe(200)
    expect(await response.text()).toContain('ana@gym.example')
  })

  it('names the operator of an act', async () => {
    const access = {
      aud: 'the application',
      getIdentity: async () => ({ email: 'ana@gym.example' }),
    }
    const bindings = { ...(env as object), ADMIN_TOKEN: TOKEN, ACCESS_AUD: access.aud } as Env
    const context = Object.assign(createExecutionContext(), { access })
    const init = { method: 'POST', headers: { origin: ORIGIN } }
    const path = `${ORIGIN}/console/targets/crm/pause`
    await app.request(path, init, bindings, context as ExecutionContext)

    expect((await actsOf())[0]).toEqual({
      by: 'ana@gym.example',
      via: 'console',
      act: 'paused a target',
      on: 'crm',
    })
  })

  it.each([
    ['it is not configured', undefined, { aud: 'the application', email: 'ana@gym.example' }],
    [
      'it guards another application',
      'the application',
      { aud: 'another', email: 'ana@gym.example' },
    ],
    ['it identifies no user', 'the application', { aud: 'the application' }],
    ['it does not guard the Worker', 'the application', undefined],
  ])('admits no one if %s', async (_, aud, known) => {
    expect((await ask(aud, known)).status).toBe(303)
  })
})

describe('browsers', () => {
  it('may run and load only files of the console', async () => {
    const page = await (await anOperator()).open('/console')

    expect(page.headers.get('content-security-policy')).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    )
    expect(page.html).not.toMatch(/\son\w+=|\sstyle=|<style|<script(?![^>]* src="\/console\/)/)
  })

  it.each(['pico.css', 'console.css', 'htmx.js', 'console.js', 'icon.svg'])(
    'may cache %s for five minutes, without a session',
    async (name) => {
      const response = await aVisitor().ask(`/console/assets/${name}`)

      expect(response.status).toBe(200)
      expect(response.headers.get('cache-control')).toBe('public, max-age=300')
      expect((await response.text()).length).toBeGreaterThan(100)
    },
  )
})

/** A database that can be read, and refuses what is written in a batch. */
function aDatabaseThatRefusesBatches() {
  return {
    prepare: (sql: string) => env.DB.prepare(sql),
    batch: () => Promise.reject(new Error('D1_ERROR: database or disk is full')),
  } as unknown as D1Database
}
