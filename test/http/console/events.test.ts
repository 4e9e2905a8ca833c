// Events in the console: the list, the search without an e-mail address in any URL, and one event: its details, its
// replay, and normalizing it again.
import { env } from 'cloudflare:test'
import { beforeEach, describe, expect, it } from 'vitest'
import { parseConfig } from '../../../src/config.ts'
import { HEALTHY } from '../../../src/core/deliveries/breaker.ts'
import { keyOfId } from '../../../src/core/id.ts'
import { withPresentReasons } from '../../../src/http/present-reason.ts'
import { listDeliveries } from '../../../src/store/deliveries/lists/delivery-lists.ts'
import { replaceHealth } from '../../../src/store/deliveries/targets.ts'
import { getEvent } from '../../../src/store/events/events.ts'
import { aConfig, aPayment, aStatusChange, NOW, stored } from '../../builders.ts'
import { actsOf, anOperator, emptyLog } from './visitor.ts'

const config = aConfig(
  { name: 'crm', headers: { authorization: 'Bearer unseen' } },
  { name: 'finance', events: ['payment.*'] },
)

beforeEach(emptyLog)

const idsIn = (html: string) => [...html.matchAll(/<tr id="(evt_\w+)"/g)].map(([, id]) => id)
describe('the list', () => {
  it('offers to show all events if none matches', async () => {
    const { text } = await (await anOperator({ config })).open('/console/events?source=hype')

    expect(text).toContain('No event matches. Show all.')
  })

  it('shows events, the latest first, without personal data', async () => {
    const first = await stored(config, 'hype', aPayment({ name: 'Ana Silva' }), { now: NOW - 2000 })
    const second = await stored(config, 'hapana', aStatusChange(), { now: NOW - 1000 })
    const { html, text } = await (await anOperator({ config })).open(
      '/console/events?until=2026-11-21',
    )

    expect(idsIn(html)).toEqual([second, first])
    expect(text).toContain('payment.created accepted hype per_')
    expect(html).not.toMatch(/ana@example\.com|Ana Silva/)
  })

  it('follows the filter in its URL, page by page, and only its first page is live', async () => {
    for (let i = 0; i < 3; i++) {
      await stored(config, 'hype', aPayment(), { now: NOW - 10_000 + i })
      await stored(config, 'hapana', aStatusChange(), { now: NOW - 5000 + i })
    }
    const operator = await anOperator({ config })
    const page = await operator.open('/console/events?type=payment.*&limit=2')
    const older = /<a href="([^"]+)">Older/.exec(page.html)?.[1]?.replaceAll('&amp;', '&') ?? ''
    const nextPage = await operator.open(older)

    expect(idsIn(page.html)).toHaveLength(2)
    expect(page.html).toContain('hx-trigger="every 3s"')
    expect(older).toContain('type=payment.')
    expect(idsIn(nextPage.html)).toHaveLength(1)
    expect(nextPage.html).not.toContain('hx-trigger')
    expect((await operator.open('/console/events?paused=1')).html).not.toContain('hx-trigger')
  })

  it.each([
    ['since=yesterday', '"Since" must be a time: 2026-11-30, 2026-11-30T04:00Z, or 30m, 24h, 7d.'],
    ['status=lost', '"Status" must be one of accepted'],
    ['email=ana@example.com', '"Email" is not a known field.'],
    ['next=nowhere', '"Next" must be the `next` of a previous page.'],
  ])('explains the error in ?%s', async (query, words) => {
    const page = await (await anOperator({ config })).open(`/console/events?${query}`)

    expect(page.status).toBe(400)
    expect(page.text).toContain(words)
  })
})

describe('the search', () => {
  it('by an e-mail address leads to the events of its person, and neither URL nor page has the address', async () => {
    const mine = await stored(config, 'hype', aPayment({ email: 'Bea@Example.com' }))
    await stored(config, 'hype', aPayment({ email: 'other@example.com' }))
    const page = await (await anOperator({ config })).send('/console/find', {
      who: 'bea@example.com',
      from: '/console/events',
    })

    expect(page.url).toMatch(/^\/console\/events\?person=per_\w{11}$/)
    expect(idsIn(page.html)).toEqual([mine])
    expect(page.html).not.toMatch(/bea@example/i)
  })

  it('accepts ids of events and contacts too, and reports that no person has an address', async () => {
    const id = await stored(
      config,
      'hype',
      aPayment({ id: 'contact-of-note', email: 'c@example.com' }),
    )
    const operator = await anOperator({ config })
    const look = (who: string) => operator.send('/console/find', { who, from: '/console/events' })

    expect((await look(id)).url).toBe(`/console/events/${id}`)
    expect(idsIn((await look('contact-of-note')).html)).toEqual([id])
    expect(idsIn((await look('contact-of')).html)).toEqual([id])
    const unknown = await look('nobody@example.com')
    expect(unknown.text).toContain(
      'No match for "nobody@example.com". Only current addresses are searched',
    )
    expect(unknown.url).toBe('/console/events')
    expect((await operator.open('/console/events')).text).not.toContain('No match for')
  })
})

describe('an event', () => {
  it('shows the received payload, the normalized event, its reasons and each attempt, without a secret', async () => {
    const id = await stored(config, 'hype', aPayment({ shoe_size: 44 }))
    await env.DB.prepare(
      "UPDATE deliveries SET state = 'retrying', attempt = 2, due = ?1, attempts = ?2 WHERE target = 'crm'",
    )
      .bind(
        NOW + 300_000,
        JSON.stringify([
          {
            attempt: 1,
            at: '2026-11-21T00:00:01.000Z',
            ms: 1234,
            status: 401,
            error: 'status',
            response: 'who are you?',
          },
        ]),
      )
      .run()
    const { text, html } = await (await anOperator({ config })).open(`/console/events/${id}`)

    expect(text).toContain('"shoe_size": 44')
    expect(text).toContain(`"type": "payment.created"`)
    expect(text).toContain(
      'type payment.created the vendor sent payment.created (named in the body)',
    )
    expect(text).toContain('inference unknown (uncertain) there are no earlier events')
    expect(text).toContain('1 2026-11-21 00:00:01 1.2 s 401')
    expect(text).toContain('who are you?')
    expect(text).toContain('Next attempt at 2026-11-21 00:05:00.')
    expect(text).toContain(`webhook-id: ${id}`)
    expect(text).toContain('authorization: ••••')
    expect(text).toContain('webhook-signature: v1,••••')
    expect(text).toContain("curl 'https://relay.example/in/hype?key=SECRET'")
    expect(html).not.toMatch(/hype secret|unseen|whsec_/)
  })

  it('shows the exact headers that a target received, with secrets masked', async () => {
    const sent: Headers[] = []
    const answer = (headers: Headers) => {
      sent.push(headers)
      return new Response()
    }
    const operator = await anOperator({ config, answer })
    const tested = await operator.send('/console/targets/crm/test')
    const [, id] = /(evt_\w{11})/.exec(tested.text) ?? []
    const { text } = await operator.open(`/console/events/${id}`)

    const names = [...(sent[0]?.keys() ?? [])]
    expect(names).toEqual(expect.arrayContaining(['content-type', 'content-digest', 'relay-test']))
    for (const name of names) {
      const shown = { 'webhook-signature': 'v1,••••', authorization: '••••' }[name]
      expect(text).toContain(`${name}: ${shown ?? sent[0]?.get(name)}`)
    }
  })

  it('of the relay or inferred has no payload of a vendor, and no curl command', async () => {
    const id = await stored(config, 'hype', aPayment())
    await env.DB.prepare("UPDATE events SET status = 'derived' WHERE key = CAST(?1 AS INTEGER)")
      .bind(keyOfId(id))
      .run()
    const operator = await anOperator({ config })
    const tested = await operator.send('/console/targets/crm/test')
    const [, own] = /(evt_\w{11})/.exec(tested.text) ?? []

    for (const one of [id, own]) {
      const { text } = await operator.open(`/console/events/${one}`)
      expect(text).toContain('Received payload None: no vendor sent this event.')
      expect(text).not.toContain('curl')
    }
    expect(tested.text).toContain(
      'Why field value reason test yes a test by an operator Deliveries',
    )
  })

  it('distinguishes an attempt without a request, a usual one, and a replay that skips an event', async () => {
    const id = await stored(config, 'hype', aPayment())
    const at = '2026-11-21T00:00:01.000Z'
    const attempts = [
      { attempt: 1, at, ms: 0, error: 'fault', response: 'the body could not be made' },
      { attempt: 2, at, ms: 5, status: 200, digest: 'abc=', content_type: 'application/json' },
      { attempt: 3, at, ms: 5, status: 200, digest: 'abc=', replay: true, skipped: ['evt_1'] },
    ]
    await env.DB.prepare("UPDATE deliveries SET attempts = ?1 WHERE target = 'crm'")
      .bind(JSON.stringify(attempts))
      .run()
    const { text } = await (await anOperator({ config })).open(`/console/events/${id}`)
    const [, first, second, third] = text.split('Request and response')

    expect(first).toContain('No request was sent, as far as is known.')
    expect(second).toContain('content-type: application/json content-digest: sha-256=:abc=:')
    expect(second).not.toContain('relay-replay')
    expect(third).toContain('content-type: application/cloudevents+json; charset=utf-8')
    expect(third).toContain('relay-replay: true relay-skipped: evt_1')
  })

  it('shows why a delivery is held, and no next attempt in the past', async () => {
    const id = await stored(config, 'hype', aPayment())
    await env.DB.prepare("UPDATE deliveries SET state = 'held', reason = 'open', due = ?1")
      .bind(NOW - 1000)
      .run()
    const failing = {
      ...HEALTHY,
      state: 'backing_off' as const,
      failures: 5,
      probeAt: NOW + 60_000,
    }
    await replaceHealth(env.DB, 'crm', HEALTHY, failing)
    const operator = await anOperator({ config })
    const event = await operator.open(`/console/events/${id}`)
    const list = await operator.open('/console/deliveries?state=held')

    expect(event.text).toContain(
      'On hold: crm is failing. Sent as soon as crm recovers. Next probe at 2026-11-21 00:01:00.',
    )
    expect(event.text).toContain('On hold: finance is failing. Sent as soon as finance recovers. ')
    expect(list.text).toContain('held: backing off')
    for (const { text } of [event, list]) expect(text).not.toContain('2026-11-20 23:59:59')
  })

  it('held for what was broken of a target that is no longer configured is not said to be sent', async () => {
    const id = await stored(config, 'hype', aPayment())
    await env.DB.prepare("UPDATE deliveries SET state = 'held', reason = 'broken'").run()
    const renamed = aConfig({ name: 'crm' }, { name: 'accounts', events: ['payment.*'] })
    const { text } = await (await anOperator({ config: renamed })).open(`/console/events/${id}`)

    expect(text).toContain('On hold: finance is not configured. Cancelled after a day')
    expect(text).not.toContain('has an error')
  })

  it('held for what was broken says what holds it now: the state of its target', async () => {
    const id = await stored(config, 'hype', aPayment())
    await env.DB.prepare("UPDATE deliveries SET state = 'held', reason = 'broken'").run()
    const stopped = { ...HEALTHY, state: 'failing' as const, failures: 100 }
    await replaceHealth(env.DB, 'crm', HEALTHY, stopped)
    const crm = { name: 'crm', url: 'https://crm.example' }
    const finance = { name: 'finance', url: 'no URL' }
    const broken = parseConfig({ TARGETS: [crm, finance] }, () => undefined)
    const operator = await anOperator({ config: broken })
    const page = await operator.open(`/console/events/${id}`)
    const list = await operator.open('/console/deliveries?state=held')
    const { items } = await listDeliveries(env, {}, { limit: 2 })
    const answered = await withPresentReasons(env.DB, broken, items)

    expect(page.text).toContain('On hold: crm failed for days. Sent when it is resumed.')
    expect(page.text).toContain('On hold: the configuration of finance has an error.')
    expect(list.text).toContain('held: failed for days')
    expect(answered).toMatchObject([
      { target: 'crm', reason: 'failing' },
      { target: 'finance', reason: 'broken' },
    ])
  })

  it('is sent again to one target or to all, and the log has the act and its operator', async () => {
    const id = await stored(config, 'hype', aPayment())
    await env.DB.prepare("UPDATE deliveries SET state = 'delivered', attempt = 2, due = NULL").run()
    const operator = await anOperator({ config })
    const one = await operator.send(`/console/events/${id}/replay`, { target: 'crm' })
    const all = await operator.send(`/console/events/${id}/replay`)
    const again = await operator.send(`/console/events/${id}/replay`)

    expect(one.text).toContain('Resent to crm.')
    expect(all.text).toContain('Resent to finance.')
    expect(again.text).toContain('Nothing was sent: every delivery still awaits an attempt.')
    expect(operator.queue.sent.map(({ target }) => target)).toEqual(['crm', 'finance'])
    expect(await actsOf()).toEqual([
      { by: 'ADMIN_TOKEN', via: 'console', act: 'replayed an event', on: `${id} to finance` },
      { by: 'ADMIN_TOKEN', via: 'console', act: 'replayed an event', on: `${id} to crm` },
    ])
  })

  it('is sent to a target that never wanted it only after a question', async () => {
    const picky = aConfig({ name: 'crm' }, { name: 'people', events: ['contact.*'] })
    const id = await stored(picky, 'hype', aPayment())
    const operator = await anOperator({ config: picky })
    const path = `/console/events/${id}/replay`
    const page = await operator.open(`/console/events/${id}`)
    const asked = await operator.send(path, { target: 'people' })

    expect(page.html).toContain('<optgroup label="Had it or want it"><option value="crm">')
    expect(page.html).toContain('<optgroup label="Never wanted it"><option value="people">')
    expect(asked.text).toContain('people never wanted this event')
    expect(operator.queue.sent).toEqual([])
    const sent = await operator.send(path, { target: 'people', force: 'true' })
    expect(sent.text).toContain('Resent to people.')
    expect(operator.queue.sent.map(({ target }) => target)).toEqual(['people'])
  })

  it('shows why it cannot be sent again', async () => {
    const id = await stored(config, 'hype', { type: 'refund.created' })
    const operator = await anOperator({ config })
    const page = await operator.open(`/console/events/${id}`)
    const sent = await operator.send(`/console/events/${id}/replay`)

    expect(page.html).not.toContain('/replay"')
    expect(page.text).toContain('None: the message was not understood.')
    expect(page.text).toContain('Not understood: ')
    expect(page.html).toContain('<a href="/console/quarantine">Release or dismiss it</a>')
    expect(sent.text).toContain('An event that is quarantined cannot be sent.')
  })

  it('is normalized again only after a preview of the differences', async () => {
    const id = await stored(config, 'hype', aPayment())
    await env.DB.prepare(
      "UPDATE events SET event = json_set(event, '$.data.actor', 'somebody') WHERE key = CAST(?1 AS INTEGER)",
    )
      .bind(keyOfId(id))
      .run()
    const operator = await anOperator({ config })
    const shown = await operator.open(`/console/events/${id}/renormalize`)
    const isUnchanged = async () => JSON.stringify(await getEvent(env, id)).includes('somebody')

    expect(shown.text).toContain('data.actor "somebody" "user"')
    expect(await isUnchanged()).toBe(true)
    const done = await operator.send(`/console/events/${id}/renormalize`)
    expect(done.text).toContain('The event was changed.')
    expect(await isUnchanged()).toBe(false)
    expect((await operator.open(`/console/events/${id}/renormalize`)).text).toContain(
      'The current mapping gives the same result.',
    )
  })

  it.each(['evt_00000000000', 'nonsense'])('is not found: %s', async (id) => {
    const page = await (await anOperator({ config })).open(`/console/events/${id}`)

    expect(page.status).toBe(404)
    expect(page.text).toContain('No event has this ID.')
  })
})
