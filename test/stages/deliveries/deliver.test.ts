// One attempt at a delivery, and the state after it. Real D1; the target is a function, the queue records its messages.

import { env } from 'cloudflare:workers'
import { HTTP } from 'cloudevents'
import { Webhook } from 'standardwebhooks'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Config } from '../../../src/config.ts'
import { HEALTHY } from '../../../src/core/deliveries/breaker.ts'
import type { DeliveryMessage, Lane } from '../../../src/core/deliveries/delivery.ts'
import { type EventId, keyOfId } from '../../../src/core/id.ts'
import { createInFlight, type InFlight } from '../../../src/stages/deliveries/in-flight.ts'
import { replaceHealth } from '../../../src/store/deliveries/targets.ts'
import { getEvent } from '../../../src/store/events/events.ts'
import {
  aConfig,
  aMessageFor,
  aPayment,
  aQueue,
  aStatusChange,
  deliverBatch,
  NOW,
  SIGNING_SECRET,
  stored,
} from '../../builders.ts'

type Sent = { url: string; headers: Headers; body: string; init: RequestInit }

/** A target that responds with `answer` and records the requests it got. */
function aTarget(answer: (n: number) => Response | Promise<Response> = () => new Response('ok')) {
  const got: Sent[] = []
  const send = async (url: string, init: RequestInit) => {
    got.push({ url, headers: new Headers(init.headers), body: String(init.body), init })
    return answer(got.length)
  }
  return { got, send }
}

function aMessage(body: DeliveryMessage) {
  return {
    id: crypto.randomUUID(),
    timestamp: new Date(NOW),
    attempts: 1,
    body,
    ack: vi.fn(),
    retry: vi.fn(),
  } satisfies Message<DeliveryMessage>
}

async function attempt(
  config: Config,
  event: EventId,
  options: {
    fetch?: (url: string, init: RequestInit) => Promise<Response>
    target?: string
    attempt?: number
    now?: number
    db?: D1Database
    lane?: Lane
    retries?: Queue<DeliveryMessage>
  } = {},
) {
  const { queue, sent } = aQueue()
  const lines: Record<string, unknown>[] = []
  const target = options.target ?? 'crm'
  const message = aMessage(await aMessageFor(event, target, { attempt: options.attempt ?? 1 }))
  await deliverBatch(
    { DB: options.db ?? env.DB, RETRIES: options.retries ?? queue },
    config,
    options.lane ?? 'retries',
    [message],
    {
      fetch: options.fetch ?? aTarget().send,
      now: () => options.now ?? NOW,
      random: () => 0.5,
      log: (line) => lines.push(line),
    },
  )
  const delivery = (await getEvent(env, event))?.deliveries.find(
    ({ target }) => target === message.body.target,
  )
  return { message, queued: sent, lines, delivery }
}

const config = aConfig({ name: 'crm' })

// Each test starts with healthy targets; health.test.ts is about the health that attempts leave behind.
beforeEach(async () => {
  await env.DB.prepare('DELETE FROM targets').run()
})

describe('a delivery', () => {
  it('is a signed POST of the event, verified by the standardwebhooks package', async () => {
    const target = aTarget()
    const now = Date.now()
    const event = await stored(config, 'hype', aPayment(), { now })

    const { message, delivery } = await attempt(config, event, { fetch: target.send, now })

    const [request] = target.got
    expect(request?.url).toBe('https://target.example/hook')
    expect(request?.init).toMatchObject({ method: 'POST', redirect: 'manual' })
    const headers = Object.fromEntries(request?.headers ?? [])
    expect(new Webhook(SIGNING_SECRET).verify(request?.body ?? '', headers)).toMatchObject({
      specversion: '1.0',
      id: event,
      type: 'payment.created',
    })
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-id': event,
      'relay-attempt': '1',
      'relay-hops': '1',
      'user-agent': expect.stringMatching(/^membership-relay\/\d+\.\d+\.\d+$/),
    })
    expect(delivery).toMatchObject({ state: 'delivered', attempt: 2, due: null })
    expect(delivery?.attempts).toMatchObject([{ attempt: 1, status: 200, response: 'ok' }])
    expect(message.ack).toHaveBeenCalledOnce()
  })

  it('is signed with every secret that the target lists', async () => {
    const target = aTarget()
    const two = aConfig({ name: 'crm', secret: ['SIGNING', 'SIGNING'] })
    const event = await stored(two, 'hype', aPayment())

    await attempt(two, event, { fetch: target.send })

    const signatures = target.got[0]?.headers.get('webhook-signature')?.split(' ') ?? []
    expect(signatures).toHaveLength(2)
    expect(signatures.every((signature) => signature.startsWith('v1,'))).toBe(true)
  })

  it("carries the target's own headers, and leaves out the sensitive fields that the target does not include", async () => {
    const target = aTarget()
    const open = aConfig({ name: 'crm', headers: { 'x-tenant': 'gym' }, include: ['gender'] })
    const body = {
      eventType: 'clientUpdated',
      clientID: 'private',
      siteID: 's',
      gender: 'f',
      birthDate: '1990-05-01',
      address: '1 Long Street',
    }
    const event = await stored(open, 'hapana', body)

    await attempt(open, event, { fetch: target.send })

    expect(target.got[0]?.headers.get('x-tenant')).toBe('gym')
    const { contact } = JSON.parse(target.got[0]?.body ?? '').data
    expect(contact).toEqual({ vendor_id: 'private', gender: 'f' })
  })

  it("of format raw has the vendor's exact bytes and content type", async () => {
    const target = aTarget()
    const raw = aConfig({ name: 'crm', format: 'raw' })
    const text = '{ "eventType":"clientUpdated",\n"clientID":"c-raw","siteID":"s", "n": 1.50 }'
    const headers = { 'content-type': 'application/json; charset=utf8' }
    const event = await stored(raw, 'hapana', text, { headers })

    await attempt(raw, event, { fetch: target.send })

    expect(target.got[0]?.body).toBe(text)
    expect(target.got[0]?.headers.get('content-type')).toBe('application/json; charset=utf8')
  })

  it.each([
    [{}, 'application/json'],
    [{ content_type: 'application/cloudevents+json' }, 'application/cloudevents+json'],
    [{ format: 'slack' }, 'application/json'],
    [{ format: 'slack', content_type: 'text/plain' }, 'text/plain'],
    [{ format: 'raw', content_type: 'text/plain' }, 'text/plain'],
    [{ transform: '{ "id": id }' }, 'application/json'],
    [
      { transform: '$', content_type: 'application/cloudevents+json' },
      'application/cloudevents+json',
    ],
  ])('to a target with %j has the content type %s, and the log says it', async (keys, expected) => {
    const target = aTarget()
    const typed = aConfig({ name: 'crm', ...keys })
    const event = await stored(typed, 'hype', aPayment())

    const { delivery } = await attempt(typed, event, { fetch: target.send })

    expect(target.got[0]?.headers.get('content-type')).toBe(expected)
    expect(delivery?.attempts).toMatchObject([{ content_type: expected }])
  })

  it('of CloudEvents in binary mode is read by their library, and only its body is signed', async () => {
    const target = aTarget()
    const binary = aConfig({ name: 'crm', format: 'cloudevents-binary' })
    const now = Date.now()
    const event = await stored(binary, 'hype', aPayment({ id: 'Zoë %' }), { now })

    await attempt(binary, event, { fetch: target.send, now })

    const { headers, body = '' } = target.got[0] ?? {}
    const received = Object.fromEntries(headers ?? [])
    expect(new Webhook(SIGNING_SECRET).verify(body, received)).toEqual(JSON.parse(body))
    expect(HTTP.toEvent({ headers: received, body })).toMatchObject({
      id: event,
      type: 'payment.created',
      data: { contact: { vendor_id: 'Zoë %' } },
    })
    expect(received['ce-subject']).toBe('contact/Zo%C3%AB%20%25')
  })

  it('in binary mode fits the 16 KB that Node takes for headers, however long a text of the vendor is', async () => {
    const target = aTarget()
    const binary = aConfig({ name: 'crm', format: 'cloudevents-binary', include: ['extra'] })
    const [id, version] = ['会'.repeat(500), `1.${'é'.repeat(10_000)}`]
    const event = await stored(binary, 'hype', aPayment({ id, version }))

    await attempt(binary, event, { fetch: target.send })

    const { headers = new Headers(), body = '' } = target.got[0] ?? {}
    const lines = [...headers].map(([name, value]) => `${name}: ${value}\r\n`)
    expect(lines.join('').length).toBeLessThan(16_384)
    expect(headers.has('ce-vendorversion')).toBe(false)
    expect(JSON.parse(body)).toMatchObject({ extra: { version } })
  })

  it("of format raw is a fault where the vendor's charset cannot hold the body, until content_type names another", async () => {
    const target = aTarget()
    const raw = aConfig({ name: 'crm', format: 'raw' })
    const headers = { 'content-type': 'application/json; charset=iso-8859-1' }
    const text = JSON.stringify(aPayment({ id: 'Zoë' }))
    const event = await stored(raw, 'hype', text, { headers })

    const first = await attempt(raw, event, { fetch: target.send })

    expect(target.got).toEqual([])
    expect(first.delivery?.attempts).toMatchObject([
      {
        error: 'fault',
        response:
          'its content type names the charset "iso-8859-1", but its bytes are UTF-8: set content_type of the target',
      },
    ])

    const typed = aConfig({ name: 'crm', format: 'raw', content_type: 'application/json' })
    await attempt(typed, event, { fetch: target.send, attempt: 2, now: NOW + 6000 })

    expect(target.got).toMatchObject([{ body: text }])
    expect(target.got[0]?.headers.get('content-type')).toBe('application/json')
  })

  it("has the body that the target's transform returns", async () => {
    const target = aTarget()
    const transform = '{ "who": data.contact.vendor_id, "what": type, "n": data.extra.n + 1 }'
    const made = aConfig({ name: 'crm', transform, include: ['extra.n'] })
    const body = JSON.stringify(aPayment({ id: 'shaped', n: 1 })).replace('"n":1', '"n":1.50')
    const event = await stored(made, 'hype', body)

    await attempt(made, event, { fetch: target.send })

    expect(JSON.parse(target.got[0]?.body ?? '')).toEqual({
      who: 'shaped',
      what: 'payment.created',
      n: 2.5,
    })
  })

  it('has what its where has seen, but of unmapped keys nothing that is not included', async () => {
    const target = aTarget()
    const where = 'data.extra.nextOfKin = "Rui"'
    const chosen = aConfig({ name: 'crm', where })
    const made = aConfig({
      name: 'crm',
      where,
      transform: '{ "kin": data.extra.nextOfKin, "a": 1 }',
    })
    const event = await stored(chosen, 'hype', aPayment({ id: 'kin', nextOfKin: 'Rui' }))
    const shaped = await stored(made, 'hype', aPayment({ id: 'kin-2', nextOfKin: 'Rui' }))

    await attempt(chosen, event, { fetch: target.send })
    await attempt(made, shaped, { fetch: target.send })

    expect(target.got).toHaveLength(2)
    expect(JSON.parse(target.got[0]?.body ?? '').data).not.toHaveProperty('extra')
    expect(target.got[1]?.body).toBe('{"a":1}')
  })

  it('of a test event has the header relay-test', async () => {
    const target = aTarget()
    const event = await stored(config, 'hype', aPayment({ id: '00001234-1' }))

    await attempt(config, event, { fetch: target.send })

    expect(target.got[0]?.headers.get('relay-test')).toBe('true')
  })

  it('of a possible duplicate has the attribute possibleduplicate', async () => {
    const target = aTarget()
    const change = aStatusChange()
    await stored(config, 'hapana', change)
    const now = NOW + 3_600_000
    const event = await stored(config, 'hapana', change, { now })

    await attempt(config, event, { fetch: target.send, now })

    expect(JSON.parse(target.got[0]?.body ?? '')).toMatchObject({ possibleduplicate: true })
  })
})

describe('a retry', () => {
  const refuse = () => new Response('Unsupported Media Type', { status: 415 })

  it('sends the same bytes by the content type that the target has by then', async () => {
    const target = aTarget(refuse)
    const event = await stored(config, 'hype', aPayment())
    await attempt(config, event, { fetch: target.send })

    const typed = aConfig({ name: 'crm', content_type: 'application/cloudevents+json' })
    await attempt(typed, event, { fetch: target.send, attempt: 2, now: NOW + 6000 })

    const [first, second] = target.got
    expect(second?.body).toBe(first?.body)
    expect(first?.headers.get('content-type')).toBe('application/json')
    expect(second?.headers.get('content-type')).toBe('application/cloudevents+json')
  })

  const CLOUDEVENT = 'application/cloudevents+json'

  it.each([
    ['$', 'text/plain', undefined, 'text/plain', 'application/json'],
    ['$', undefined, CLOUDEVENT, 'application/json', CLOUDEVENT],
    ['$', CLOUDEVENT, undefined, CLOUDEVENT, 'application/json'],
    ['$ ~> |$|{"type": "member.new"}|', undefined, CLOUDEVENT, 'application/json', CLOUDEVENT],
    ['{"id": id}', undefined, 'text/plain', 'application/json', 'text/plain'],
    ['{"id": id}', 'text/plain', undefined, 'text/plain', 'application/json'],
    // What is no CloudEvent is not called one.
    ['{"id": id}', undefined, CLOUDEVENT, 'application/json', 'application/json'],
  ])(
    'of what the transform %s made follows content_type from %s to %s: %s, then %s',
    async (transform, before, after, first, second) => {
      const target = aTarget(refuse)
      const withType = (content_type: string | undefined) =>
        aConfig({ name: 'crm', transform, ...(content_type && { content_type }) })
      const event = await stored(withType(before), 'hype', aPayment())
      await attempt(withType(before), event, { fetch: target.send })

      await attempt(withType(after), event, { fetch: target.send, attempt: 2, now: NOW + 6000 })

      expect(target.got.map(({ headers }) => headers.get('content-type'))).toEqual([first, second])
      expect(target.got[1]?.body).toBe(target.got[0]?.body)
    },
  )

  it.each([
    [{}, 'application/json'],
    [{ content_type: 'application/cloudevents+json' }, 'application/cloudevents+json'],
  ])(
    'of what an earlier version kept goes to a target with %j as %s, byte for byte',
    async (keys, expected) => {
      const target = aTarget()
      const typed = aConfig({ name: 'crm', ...keys })
      const event = await stored(typed, 'hype', aPayment())
      await attempt(typed, event, { fetch: aTarget(refuse).send })
      const body = '{"specversion":"1.0","kept": 1.50}'
      await env.DB.prepare(
        "UPDATE deliveries SET body = ?1, content_type = 'application/cloudevents+json; charset=utf-8' WHERE event = ?2",
      )
        .bind(body, keyOfId(event))
        .run()

      await attempt(typed, event, { fetch: target.send, attempt: 2, now: NOW + 6000 })

      expect(target.got).toMatchObject([{ body }])
      expect(target.got[0]?.headers.get('content-type')).toBe(expected)
    },
  )

  it('in binary mode has each attribute once, where the target has since got a header of that name', async () => {
    const target = aTarget(refuse)
    const binary = aConfig({ name: 'crm', format: 'cloudevents-binary' })
    const event = await stored(binary, 'hype', aPayment())
    await attempt(binary, event, { fetch: target.send })
    const headers = { 'CE-Id': 'mine', 'X-Tenant': 'gym', 'x-tenant': 'pool' }
    const changed = aConfig({ name: 'crm', headers })

    await attempt(changed, event, { fetch: target.send, attempt: 2, now: NOW + 6000 })

    expect(target.got[1]?.headers.get('ce-id')).toBe(event)
    expect(target.got[1]?.headers.get('x-tenant')).toBe('gym, pool')
  })

  it('in binary mode repeats the attributes of the first attempt, whatever the format is by then', async () => {
    const target = aTarget(refuse)
    const binary = aConfig({ name: 'crm', format: 'cloudevents-binary' })
    const event = await stored(binary, 'hype', aPayment())
    const attributes = (n: number) =>
      [...(target.got[n]?.headers ?? [])].filter(([name]) => name.startsWith('ce-'))
    await attempt(binary, event, { fetch: target.send })

    const { delivery } = await attempt(config, event, {
      fetch: target.send,
      attempt: 2,
      now: NOW + 6000,
    })

    expect(attributes(0).length).toBeGreaterThan(10)
    expect(attributes(1)).toEqual(attributes(0))
    expect(target.got[1]?.body).toBe(target.got[0]?.body)
    expect(delivery?.attempts[1]).toMatchObject({
      content_type: 'application/json',
      format_headers: { 'ce-type': 'payment.created' },
    })
  })
})

describe('a failed attempt', () => {
  it.each([
    [500, 'status'],
    [404, 'status'],
    [401, 'status'],
    [302, 'redirect'],
    [526, 'tls'],
    [522, 'connect'],
  ])(
    'with status %i is an error of kind %s, and is retried after 5 s with 5 %% of jitter',
    async (status, error) => {
      const event = await stored(config, 'hype', aPayment())

      const { delivery, queued, message } = await attempt(config, event, {
        fetch: aTarget(() => new Response('no', { status })).send,
      })

      expect(delivery).toMatchObject({
        state: 'retrying',
        attempt: 2,
        due: '2026-11-21T00:00:05.250Z',
      })
      expect(delivery?.attempts).toMatchObject([{ attempt: 1, status, error, response: 'no' }])
      expect(queued).toEqual([{ event, target: 'crm', attempt: 2, delaySeconds: 6 }])
      expect(message.ack).toHaveBeenCalledOnce()
    },
  )

  it.each([
    [new DOMException('The operation was aborted due to timeout', 'TimeoutError'), 'timeout'],
    [new Error('Network connection lost.'), 'connect'],
    [new Error('TLS peer certificate is not trusted; reason = self signed certificate'), 'tls'],
    [new Error('DNS lookup failed.'), 'dns'],
  ])('without a response (%s) is an error of kind %s', async (fault, error) => {
    const event = await stored(config, 'hype', aPayment())

    const { delivery } = await attempt(config, event, { fetch: () => Promise.reject(fault) })

    expect(delivery?.state).toBe('retrying')
    expect(delivery?.attempts).toMatchObject([{ error }])
  })

  it('is recorded although the queue refuses the message: the next attempt is due, and the sweep finds it', async () => {
    const event = await stored(config, 'hype', aPayment())
    const sendBatch = () => Promise.reject(new Error('Too Many Requests'))

    const { delivery, message, lines } = await attempt(config, event, {
      fetch: aTarget(() => new Response('no', { status: 500 })).send,
      retries: { sendBatch } as unknown as Queue<DeliveryMessage>,
    })

    expect(delivery).toMatchObject({ state: 'retrying', due: '2026-11-21T00:00:05.250Z' })
    expect(message.ack).toHaveBeenCalledOnce()
    expect(lines).toContainEqual({
      at: 'queue',
      deliveries: [{ event, target: 'crm', attempt: 2 }],
      fault: 'the queue did not take the messages; the sweep will send them again',
      detail: 'Error: Too Many Requests',
    })
  })

  it('with a Retry-After is not retried before that time, and without jitter', async () => {
    const event = await stored(config, 'hype', aPayment())
    const busy = () => new Response('', { status: 503, headers: { 'retry-after': '120' } })

    const { delivery, queued } = await attempt(config, event, { fetch: aTarget(busy).send })

    expect(delivery?.due).toBe('2026-11-21T00:02:00Z')
    expect(delivery?.attempts).toMatchObject([{ retry_after: 120 }])
    expect(queued).toMatchObject([{ delaySeconds: 120 }])
  })

  it('with 410 is the last one, and holds the delivery: nothing is lost', async () => {
    const event = await stored(config, 'hype', aPayment())

    const { delivery, queued } = await attempt(config, event, {
      fetch: aTarget(() => new Response('gone', { status: 410 })).send,
    })

    expect(delivery).toMatchObject({ state: 'held', reason: 'gone', due: null })
    expect(queued).toEqual([])
  })

  it('at the end of the schedule is the last one: the delivery is dead, with the reason', async () => {
    const short = aConfig({ name: 'crm', retry: [5] })
    const event = await stored(short, 'hype', aPayment())
    const { send } = aTarget(() => new Response('no', { status: 500 }))
    await attempt(short, event, { fetch: send })

    const { delivery, queued } = await attempt(short, event, {
      fetch: send,
      attempt: 2,
      now: NOW + 6000,
    })

    expect(delivery).toMatchObject({
      state: 'dead',
      due: null,
      reason: 'gave up after 2 attempts; last response: 500',
    })
    expect(delivery?.attempts).toHaveLength(2)
    expect(queued).toEqual([])
  })

  it('due to a failed transform counts against the same schedule, and names the fault', async () => {
    const broken = aConfig({ name: 'crm', transform: 'data.nothing.here' })
    const event = await stored(broken, 'hype', aPayment())
    const target = aTarget()

    const { delivery } = await attempt(broken, event, { fetch: target.send })

    expect(target.got).toEqual([])
    expect(delivery).toMatchObject({ state: 'retrying', attempt: 2 })
    expect(delivery?.attempts).toMatchObject([
      { error: 'fault', response: expect.stringContaining('the transform returned nothing') },
    ])
  })

  it('due to a body that does not fit beside its attempts is a fault, and is retried like any other', async () => {
    const huge = aConfig({ name: 'crm', include: ['extra'] })
    const event = await stored(huge, 'hype', aPayment({ filler: '\u0001'.repeat(140_000) }))
    // Six characters each in the body, and twice there.
    const found = (await getEvent(env, event))?.event as { data: object }
    const twice = { ...found, data: { ...found.data, again: '\u0001'.repeat(140_000) } }
    await env.DB.prepare('UPDATE events SET event = ?2 WHERE key = CAST(?1 AS INTEGER)')
      .bind(keyOfId(event), JSON.stringify(twice))
      .run()

    const { delivery, queued } = await attempt(huge, event)

    expect(delivery?.attempts).toMatchObject([
      { error: 'fault', response: expect.stringContaining('larger than') },
    ])
    expect(queued).toMatchObject([{ attempt: 2 }])
  })

  it('keeps the body that was sent: the next attempt sends the same, although the configuration has changed', async () => {
    const event = await stored(config, 'hype', aPayment())
    const target = aTarget((n) => new Response('', { status: n === 1 ? 500 : 200 }))
    await attempt(config, event, { fetch: target.send })
    const changed = aConfig({ name: 'crm', transform: '{ "other": true }' })

    await attempt(changed, event, { fetch: target.send, attempt: 2, now: NOW + 6000 })

    expect(target.got[1]?.body).toBe(target.got[0]?.body)
    expect(target.got[1]?.headers.get('relay-attempt')).toBe('2')
    expect(target.got[1]?.headers.get('webhook-id')).toBe(event)
  })

  it('is stored without the secrets of its request, which it echoes', async () => {
    const secret = 'k7Qz2mVx9Lw4tRb8'
    const echoed = aConfig({ name: 'crm', headers: { authorization: `Bearer ${secret}` } })
    const event = await stored(echoed, 'hype', aPayment())
    const fetch = async (_url: string, init: RequestInit) => {
      const sent = JSON.stringify(Object.fromEntries(new Headers(init.headers)))
      return new Response(`${sent}${'x'.repeat(300)} ${secret}`, { status: 500 })
    }

    const { delivery } = await attempt(echoed, event, { fetch })

    const answer = delivery?.attempts[0]?.response ?? ''
    expect(answer).toMatch(/"authorization":"••••".*"webhook-signature":"••••"/)
    expect(answer).not.toContain(secret.slice(0, 6))
  })

  it('records the first 1,000 characters of the response, and reads little more', async () => {
    const event = await stored(config, 'hype', aPayment())
    let pulled = 0
    let cancelled = false
    const endless = new ReadableStream({
      pull(controller) {
        pulled++
        controller.enqueue(new TextEncoder().encode('x'.repeat(1000)))
      },
      cancel() {
        cancelled = true
      },
    })

    const { delivery } = await attempt(config, event, {
      fetch: aTarget(() => new Response(endless, { status: 500 })).send,
    })

    expect(delivery?.attempts).toMatchObject([{ response: 'x'.repeat(1000) }])
    expect(pulled).toBeLessThan(8)
    expect(cancelled).toBe(true)
  })
})

describe('a delivery whose where fails', () => {
  const failing = aConfig({ name: 'crm', where: '$nosuch(1)', retry: [5, 5] })

  it('has a failed attempt with the reason, and nothing is sent', async () => {
    const event = await stored(failing, 'hype', aPayment())
    const target = aTarget()

    const { delivery } = await attempt(failing, event, { fetch: target.send })

    expect(target.got).toEqual([])
    expect(delivery).toMatchObject({ state: 'retrying', attempt: 2, reason: 'where' })
    expect(delivery?.attempts).toMatchObject([
      { attempt: 1, error: 'fault', response: 'its where failed: JSONata error T1006 at 8' },
    ])
  })

  it('arrives when the expression is corrected, if its target wants it', async () => {
    const [wanted, unwanted] = [
      await stored(failing, 'hype', aPayment()),
      await stored(failing, 'hype', aPayment({ data: { tier: 'Silver' } })),
    ]
    const gold = aConfig({ name: 'crm', where: 'data.subscription.tier = "Gold"' })
    const target = aTarget()
    for (const event of [wanted, unwanted]) await attempt(failing, event)

    const later = { fetch: target.send, attempt: 2, now: NOW + 60_000 }
    const first = await attempt(gold, wanted, { ...later })
    const second = await attempt(gold, unwanted, { ...later })

    expect(first.delivery).toMatchObject({ state: 'delivered', reason: null })
    expect(second.delivery).toMatchObject({
      state: 'cancelled',
      reason: 'its target does not want it',
    })
    expect(target.got).toHaveLength(1)
  })

  it('is held as broken while its target is disabled, so that where is evaluated again', async () => {
    const event = await stored(failing, 'hype', aPayment())
    await attempt(failing, event)
    const off = aConfig({ name: 'crm', where: '$nosuch(1)', enabled: false })

    const { delivery } = await attempt(off, event, { attempt: 2, now: NOW + 60_000 })

    expect(delivery).toMatchObject({ state: 'held', reason: 'broken' })
  })

  it.each([
    ['paused', null],
    ['backing_off', NOW + 60_000],
    ['gone', null],
  ])('loses no attempt while its target is %s', async (state, probeAt) => {
    const event = await stored(failing, 'hype', aPayment())
    await env.DB.prepare(
      'INSERT INTO targets (name, state, failures, rest_seconds, probe_at) VALUES (?1, ?2, 5, 30, ?3)',
    )
      .bind('crm', state, probeAt)
      .run()

    const { delivery, queued } = await attempt(failing, event)

    expect(delivery).toMatchObject({ state: 'held', reason: 'broken', attempt: 1, attempts: [] })
    expect(queued).toEqual([])
  })

  it('is dead at the end of its schedule, with the reason', async () => {
    const event = await stored(failing, 'hype', aPayment())
    await attempt(failing, event)
    await attempt(failing, event, { attempt: 2, now: NOW + 60_000 })

    const { delivery } = await attempt(failing, event, { attempt: 3, now: NOW + 120_000 })

    expect(delivery).toMatchObject({
      state: 'dead',
      reason: 'gave up after 3 attempts; last error: fault',
    })
  })
})

describe('a wake-up message', () => {
  it('for an attempt that is not the next one does nothing', async () => {
    const event = await stored(config, 'hype', aPayment())
    const target = aTarget()
    await attempt(config, event, { fetch: target.send })

    const again = await attempt(config, event, { fetch: target.send })

    expect(target.got).toHaveLength(1)
    expect(again.message.ack).toHaveBeenCalledOnce()
    expect(again.delivery?.attempts).toHaveLength(1)
  })

  it('for an attempt that was made does nothing, although the next one is due', async () => {
    const event = await stored(config, 'hype', aPayment())
    const target = aTarget(() => new Response('', { status: 500 }))
    await attempt(config, event, { fetch: target.send })

    const again = await attempt(config, event, { fetch: target.send, now: NOW + 60_000 })

    expect(target.got).toHaveLength(1)
    expect(again.queued).toEqual([])
    expect(again.delivery).toMatchObject({ state: 'retrying', attempt: 2 })
  })

  it('for an event that is not in the log does nothing', async () => {
    const target = aTarget()

    const { message } = await attempt(config, 'evt_00000000000', { fetch: target.send })

    expect(target.got).toEqual([])
    expect(message.ack).toHaveBeenCalledOnce()
  })

  it('before its due time is sent again with the remaining delay, a day at most', async () => {
    const late = aConfig({ name: 'crm', retry: [200_000] })
    const event = await stored(late, 'hype', aPayment())
    await attempt(late, event, { fetch: aTarget(() => new Response('', { status: 500 })).send })
    const target = aTarget()

    const { queued, message } = await attempt(late, event, {
      fetch: target.send,
      attempt: 2,
      now: NOW + 1000,
    })

    expect(target.got).toEqual([])
    expect(queued).toEqual([{ event, target: 'crm', attempt: 2, delaySeconds: 86_400 }])
    expect(message.ack).toHaveBeenCalledOnce()
  })

  it('twice in a batch makes one request', async () => {
    const event = await stored(config, 'hype', aPayment())
    const target = aTarget()
    const body = await aMessageFor(event, 'crm')
    const messages = [1, 2].map(() => aMessage(body))

    await deliverBatch({ DB: env.DB, RETRIES: aQueue().queue }, config, 'retries', messages, {
      fetch: target.send,
      now: () => NOW,
      random: () => 0,
      log: () => undefined,
    })

    expect(target.got).toHaveLength(1)
    expect(messages.every(({ ack }) => ack.mock.calls.length === 1)).toBe(true)
  })

  it('for a target that is not configured holds its delivery', async () => {
    const event = await stored(config, 'hype', aPayment())

    const { delivery } = await attempt(aConfig({ name: 'other' }), event)

    expect(delivery).toMatchObject({ state: 'held', reason: 'unknown', attempts: [] })
  })

  it('for a disabled target holds its delivery', async () => {
    const event = await stored(config, 'hype', aPayment())

    const { delivery } = await attempt(aConfig({ name: 'crm', enabled: false }), event)

    expect(delivery).toMatchObject({ state: 'held', reason: 'disabled', attempts: [] })
  })

  it('is sent again with a delay when D1 cannot be read, and no request is made', async () => {
    const event = await stored(config, 'hype', aPayment())
    const target = aTarget()
    const db = {
      prepare: () => {
        throw new Error('D1_ERROR: D1 DB is overloaded.')
      },
    } as unknown as D1Database

    const lane = 'deliveries'
    const { message, queued } = await attempt(config, event, { fetch: target.send, db, lane })

    expect(target.got).toEqual([])
    expect(queued).toEqual([{ event, target: 'crm', attempt: 1, delaySeconds: 30 }])
    expect(message.ack).toHaveBeenCalledOnce()
  })

  it('from the dead letter queue counts as a failed attempt, and names the fault', async () => {
    const event = await stored(config, 'hype', aPayment())
    const target = aTarget()

    const { delivery, queued } = await attempt(config, event, { fetch: target.send, lane: 'dead' })

    expect(target.got).toEqual([])
    expect(delivery).toMatchObject({ state: 'retrying', attempt: 2 })
    expect(delivery?.attempts).toMatchObject([
      { attempt: 1, error: 'fault', response: 'its handling was cut off each time it was tried' },
    ])
    expect(queued).toMatchObject([{ event, attempt: 2 }])
  })

  it('retries the record of a response when D1 fails: one request, one record', async () => {
    const event = await stored(config, 'hype', aPayment())
    const target = aTarget()
    let calls = 0
    const db = {
      prepare: (sql: string) => env.DB.prepare(sql),
      // The first call loads; the next two are the first tries to record.
      batch: (statements: D1PreparedStatement[]) =>
        [2, 3].includes(++calls)
          ? Promise.reject(new Error('Network connection lost.'))
          : env.DB.batch(statements),
    } as unknown as D1Database

    const { delivery, message } = await attempt(config, event, { fetch: target.send, db })

    expect(target.got).toHaveLength(1)
    expect(delivery).toMatchObject({ state: 'delivered' })
    expect(message.ack).toHaveBeenCalledOnce()
  })
})

it('leaves a message whose processing throws to the retries of the platform, and acknowledges the others', async () => {
  const slow = aConfig({ name: 'crm', rate_per_second: 100 }, { name: 'other' })
  const event = await stored(slow, 'hype', aPayment())
  const db = {
    prepare: (sql: string) => {
      if (sql.includes('next_slot')) throw new Error('a mistake of ours')
      return env.DB.prepare(sql)
    },
    batch: (statements: D1PreparedStatement[]) => env.DB.batch(statements),
  } as unknown as D1Database
  const [broken, sound] = [
    aMessage(await aMessageFor(event, 'crm')),
    aMessage(await aMessageFor(event, 'other')),
  ]

  await deliverBatch({ DB: db, RETRIES: aQueue().queue }, slow, 'retries', [broken, sound], {
    fetch: aTarget().send,
    now: () => NOW,
    random: () => 0,
    log: () => undefined,
  })

  expect(broken.ack).not.toHaveBeenCalled()
  expect(broken.retry).toHaveBeenCalledWith({ delaySeconds: 30 })
  expect(sound.ack).toHaveBeenCalledOnce()
})

it('a header that cannot be sent is a fault of the relay: nothing is sent, and the health of the target does not change', async () => {
  const bad = aConfig({ name: 'crm' })
  for (const target of bad.targets) {
    if ('headers' in target) target.headers = [['x-bad', 'two\nlines']]
  }
  const event = await stored(bad, 'hype', aPayment())

  const { delivery } = await attempt(bad, event, { fetch: (url, init) => fetch(url, init) })

  const [made] = delivery?.attempts ?? []
  expect(made).toMatchObject({ error: 'fault' })
  expect(made).not.toHaveProperty('digest')
})

describe('when D1 takes no writes any more', () => {
  it('nothing is sent but the requests that were under way', async () => {
    const events = await Promise.all(
      Array.from({ length: 10 }, () => stored(config, 'hype', aPayment())),
    )
    const bodies = await Promise.all(events.map((event) => aMessageFor(event, 'crm')))
    const target = aTarget()
    let isLoaded = false
    const db = {
      prepare: (sql: string) => env.DB.prepare(sql),
      batch: (statements: D1PreparedStatement[]) => {
        if (isLoaded) return Promise.reject(new Error('D1_ERROR: exceeded its maximum size'))
        isLoaded = true
        return env.DB.batch(statements)
      },
    } as unknown as D1Database
    const { queue, messages: delayed } = aQueue()

    await deliverBatch({ DB: db, RETRIES: queue }, config, 'retries', bodies.map(aMessage), {
      fetch: target.send,
      now: () => NOW,
      random: () => 0,
      log: () => undefined,
    })

    expect(target.got).toHaveLength(5)
    expect(delayed).toHaveLength(10)
  }, 20_000)

  it('but took them until then, at most one batch is sent; after the first failed write only the requests under way', async () => {
    const isolate = createInFlight()
    await deliverTen(env.DB, isolate, aTarget().send)
    const refusal = Promise.withResolvers<void>()
    const db = aDbThatRecords(() => {
      refusal.resolve()
      return Promise.reject(new Error('D1_ERROR: exceeded its maximum size'))
    })
    const [first, second] = [aTarget(), aTarget()]

    const batch = deliverTen(db, isolate, first.send)
    await refusal.promise // the write is retried for some seconds
    await deliverTen(db, isolate, second.send)
    await batch

    expect(first.got.length).toBeLessThanOrEqual(10)
    expect(second.got).toHaveLength(5)
  }, 30_000)

  it('and does not respond, nothing is sent but the requests under way', async () => {
    const isolate = createInFlight()
    await deliverTen(env.DB, isolate, aTarget().send)
    const [writing, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const db = aDbThatRecords(() => {
      writing.resolve()
      return answer.promise
    })
    const [first, second] = [aTarget(), aTarget()]

    const batches = [deliverTen(db, isolate, first.send)]
    await writing.promise
    batches.push(deliverTen(db, isolate, second.send))
    await vi.waitFor(() => expect(second.got).toHaveLength(5), 10_000)
    await new Promise((resolve) => setTimeout(resolve, 50))

    expect(first.got.length).toBeLessThanOrEqual(10)
    expect(second.got).toHaveLength(5)
    answer.resolve()
    await Promise.all(batches)
  })
})

describe('a batch', () => {
  it('has at most five requests waiting at once, and a slow target does not stop the others', async () => {
    const events = await Promise.all(
      Array.from({ length: 10 }, () => stored(config, 'hype', aPayment())),
    )
    let waiting = 0
    let most = 0
    const send = async () => {
      most = Math.max(most, ++waiting)
      await new Promise((resolve) => setTimeout(resolve, 5))
      waiting--
      return new Response('ok')
    }
    const bodies = await Promise.all(events.map((event) => aMessageFor(event, 'crm')))
    const messages = bodies.map(aMessage)

    await deliverBatch({ DB: env.DB, RETRIES: aQueue().queue }, config, 'retries', messages, {
      fetch: send,
      now: () => NOW,
      random: () => 0,
      log: () => undefined,
    })

    expect(most).toBe(5)
    const details = await Promise.all(events.map((event) => getEvent(env, event)))
    expect(details.every((event) => event?.deliveries[0]?.state === 'delivered')).toBe(true)
  })

  it.each([
    [
      'first attempts costs one row written and at most 6 read for each delivery',
      'deliveries',
      1,
      6,
    ],
    ['the queue retries costs one row more, the lease, and at most 10 read', 'retries', 2, 10],
  ] as const)(
    'of %s, with 3 for the ledger and the health of targets',
    async (_case, lane, written, read) => {
      const events = await Promise.all(
        Array.from({ length: 3 }, () => stored(config, 'hype', aPayment())),
      )
      const metas: D1Meta[] = []
      const db = {
        prepare: (sql: string) => env.DB.prepare(sql),
        batch: async (statements: D1PreparedStatement[]) => {
          const results = await env.DB.batch(statements)
          metas.push(...results.map(({ meta }) => meta))
          return results
        },
      } as unknown as D1Database

      await deliverBatch(
        { DB: db, RETRIES: aQueue().queue },
        config,
        lane,
        (await Promise.all(events.map((event) => aMessageFor(event, 'crm')))).map(aMessage),
        {
          fetch: aTarget().send,
          now: () => NOW,
          random: () => 0,
          log: () => undefined,
        },
      )

      const total = (key: 'rows_written' | 'rows_read') =>
        metas.reduce((n, meta) => n + meta[key], 0)
      expect(total('rows_written')).toBe(3 * written)
      expect(total('rows_read')).toBeLessThanOrEqual(3 * read + 3)
    },
  )
})

describe('while D1 takes records', () => {
  it('the next requests start before responses are recorded', async () => {
    const isolate = createInFlight()
    await deliverTen(env.DB, isolate, aTarget().send)
    const sixAreOut = Promise.withResolvers<void>()
    const target = aTarget((n) => {
      if (n === 6) sixAreOut.resolve()
      return new Response('ok')
    })

    const db = aDbThatRecords(() => sixAreOut.promise)
    const events = await deliverTen(db, isolate, target.send)

    expect(await statesOf(events)).toEqual(Array(10).fill('delivered'))
  })

  it.each([
    ['of an ordered target', aConfig({ name: 'crm', ordered: true }), HEALTHY],
    ['of a target that has failed', config, { ...HEALTHY, failures: 1, failingSince: NOW }],
  ])('responses %s are recorded before the next requests start', async (_whose, config, health) => {
    const isolate = createInFlight()
    await deliverTen(env.DB, isolate, aTarget().send)
    await replaceHealth(env.DB, 'crm', HEALTHY, health)
    const answer = Promise.withResolvers<void>()
    const target = aTarget()

    const db = aDbThatRecords(() => answer.promise)
    const batch = deliverTen(db, isolate, target.send, config)
    await vi.waitFor(() => expect(target.got).toHaveLength(5), 10_000)
    await new Promise((resolve) => setTimeout(resolve, 50))

    expect(target.got).toHaveLength(5)
    answer.resolve()
    expect(await statesOf(await batch)).toEqual(Array(10).fill('delivered'))
  })

  it('one connection is left for records: at most six calls are under way, those of D1 included', async () => {
    const isolate = createInFlight()
    await deliverTen(env.DB, isolate, aTarget().send)
    let [open, most] = [0, 0]
    const during = async <T>(call: () => Promise<T>): Promise<T> => {
      most = Math.max(most, ++open)
      return call().finally(() => open--)
    }
    let refusals = 4 // the tries of a group, before its records are written one by one
    const refusing = aDbThatRecords(async () => {
      if (refusals-- > 0) throw new Error('D1_ERROR: Network connection lost.')
    })
    const db = {
      prepare: refusing.prepare,
      batch: (statements: D1PreparedStatement[]) => during(() => refusing.batch(statements)),
    } as unknown as D1Database
    const target = aTarget(async (n) => {
      const longerThanTries = 4000 // the pauses between those tries included
      await new Promise((resolve) => setTimeout(resolve, n <= 5 ? 5 : longerThanTries))
      return new Response('ok')
    })

    const events = await deliverTen(db, isolate, (...request) =>
      during(() => target.send(...request)),
    )

    expect(most).toBeLessThanOrEqual(6)
    expect(await statesOf(events)).toEqual(Array(10).fill('delivered'))
  }, 20_000)

  it('at most five requests still wait at once', async () => {
    const isolate = createInFlight()
    await deliverTen(env.DB, isolate, aTarget().send)
    let [waiting, most] = [0, 0]

    const events = await deliverTen(env.DB, isolate, async () => {
      most = Math.max(most, ++waiting)
      await new Promise((resolve) => setTimeout(resolve, 5))
      waiting--
      return new Response('ok')
    })

    expect(most).toBe(5)
    expect(await statesOf(events)).toEqual(Array(10).fill('delivered'))
  })

  it('a failure is recorded, and counted for the breaker, before the next request: five open it, and nothing more is sent', async () => {
    const isolate = createInFlight()
    await deliverTen(env.DB, isolate, aTarget().send)
    const target = aTarget(() => new Response('', { status: 500 }))

    const events = await deliverTen(env.DB, isolate, target.send)

    expect(target.got).toHaveLength(5)
    expect((await statesOf(events)).sort()).toEqual([
      ...Array(5).fill('held'),
      ...Array(5).fill('retrying'),
    ])
  })
})

function aPaymentOfNewContact() {
  const id = crypto.randomUUID()
  return aPayment({ id, email: `${id}@example.com` })
}

/** Ten events of ten people, delivered in one batch by an isolate with these messages in flight; returns their ids. */
async function deliverTen(
  db: D1Database,
  inFlight: InFlight,
  send: (url: string, init: RequestInit) => Promise<Response>,
  to = config,
): Promise<EventId[]> {
  const events = await Promise.all(
    Array.from({ length: 10 }, () => stored(to, 'hype', aPaymentOfNewContact())),
  )
  const bodies = await Promise.all(events.map((event) => aMessageFor(event, 'crm')))
  await deliverBatch({ DB: db, RETRIES: aQueue().queue }, to, 'retries', bodies.map(aMessage), {
    fetch: send,
    now: () => NOW,
    random: () => 0,
    inFlight,
    log: () => undefined,
  })
  return events
}

async function statesOf(events: EventId[]) {
  const details = await Promise.all(events.map((event) => getEvent(env, event)))
  return details.map((event) => event?.deliveries[0]?.state)
}

/** A D1 that writes the states of deliveries only after `after`; that may reject, and the write fails. */
function aDbThatRecords(after: () => Promise<void>) {
  const recording = new WeakSet<D1PreparedStatement>()
  return {
    prepare: (sql: string) => {
      const statement = env.DB.prepare(sql)
      if (!/UPDATE deliveries SET\s+state/.test(sql)) return statement
      return {
        bind: (...values: unknown[]) => {
          const bound = statement.bind(...values)
          recording.add(bound)
          return bound
        },
      }
    },
    batch: async (statements: D1PreparedStatement[]) => {
      if (statements.some((one) => recording.has(one))) await after()
      return env.DB.batch(statements)
    },
  } as unknown as D1Database
}

it('logs one line for each attempt, without personal data', async () => {
  const event = await stored(config, 'hype', aPayment({ email: 'private@example.com' }))

  const { lines } = await attempt(config, event)

  expect(lines).toEqual([
    {
      at: 'deliver',
      event,
      type: 'payment.created',
      target: 'crm',
      attempt: 1,
      status: 200,
      error: undefined,
      ms: 0,
      state: 'delivered',
    },
  ])
})
