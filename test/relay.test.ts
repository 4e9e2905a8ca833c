// The whole way: a vendor's webhook arrives by HTTP, the event is stored, a queue message has its id, and the target
// receives a signed event. The whole Worker with local D1 and queues; only the network is simulated.
import { env, exports } from 'cloudflare:workers'
import { Webhook } from 'standardwebhooks'
import { expect, it, vi } from 'vitest'

const { default: worker } = exports as unknown as { default: Fetcher }

/** Answers all requests of the Worker, and returns them. The Worker's log lines are not printed. */
function simulateNetwork() {
  const received: { headers: Record<string, string>; body: string }[] = []
  vi.spyOn(console, 'log').mockImplementation(() => undefined)
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (_url, init) => {
    received.push({
      headers: Object.fromEntries(new Headers(init?.headers)),
      body: String(init?.body),
    })
    return new Response('thanks')
  })
  return received
}

it('relays a payment from Hype to the target, signed, and shows it to the operator', async () => {
  const received = simulateNetwork()

  const answer = await worker.fetch('https://relay.example/in/hype?key=test-hype-secret', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      id: 'contact-ana',
      publisher_id: 'publisher-1',
      email: 'Ana@Example.com',
      type: 'payment.created',
      source: 'user',
      data: { tier: 'Gold', billing_interval: 'Monthly', recurring: 10, total: 30 },
      version: '1.1.0',
      timestamp: 1_596_224_512,
    }),
  })

  expect(answer.status).toBe(202)
  const accepted = await answer.json<{ id: string }>()
  expect(accepted).toEqual({
    id: expect.stringMatching(/^evt_/),
    status: 'accepted',
    type: 'payment.created',
    deliveries: 1,
    warnings: [],
  })

  await vi.waitUntil(() => received.length > 0, { timeout: 30_000 })
  const [{ headers, body } = { headers: {}, body: '' }] = received
  const event = new Webhook(env.EXAMPLE_SIGNING_SECRET).verify(body, headers)
  expect(event).toMatchObject({
    id: accepted.id,
    type: 'payment.created',
    source: '/hype/publishers/publisher-1',
    subject: 'contact/contact-ana',
    time: '2020-07-31T19:41:52Z',
    dataschema: 'https://relay.example/schemas/payment.created/1',
    data: {
      contact: { email: 'Ana@Example.com', email_normalized: 'ana@example.com' },
      subscription: { tier: 'Gold', interval: 'month', total_paid_amount: { value: '30' } },
    },
  })

  const shown = await vi.waitUntil(async () => {
    const response = await worker.fetch(`https://relay.example/api/events/${accepted.id}`, {
      headers: { authorization: 'Bearer test-admin-token' },
    })
    const detail = await response.json<{ deliveries: { state: string }[] }>()
    return detail.deliveries[0]?.state === 'delivered' && detail
  })
  expect(shown).toMatchObject({
    event: { id: accepted.id },
    deliveries: [
      { target: 'example', attempts: [{ attempt: 1, status: 200, response: 'thanks' }] },
    ],
  })
})

it('keeps a payment while D1 is unavailable, and relays it when D1 is back', async () => {
  const received = simulateNetwork()
  vi.spyOn(env.DB, 'batch').mockRejectedValueOnce(new Error('D1_ERROR: Network connection lost.'))

  const answer = await worker.fetch('https://relay.example/in/hype?key=test-hype-secret', {
    method: 'POST',
    body: JSON.stringify({
      publisher_id: 'p',
      id: 'spilled',
      type: 'contact.created',
      timestamp: 1_596_224_512,
    }),
  })

  expect(answer.status).toBe(202)
  const { id, status } = await answer.json<{ id: string; status: string }>()
  expect(status).toBe('queued')
  await vi.waitUntil(() => received.some(({ headers }) => headers['webhook-id'] === id), {
    timeout: 60_000,
  })
  const { body = '', headers = {} } = received.find((one) => one.headers['webhook-id'] === id) ?? {}
  expect(new Webhook(env.EXAMPLE_SIGNING_SECRET).verify(body, headers)).toMatchObject({
    id,
    subject: 'contact/spilled',
  })
})
