// Sending one event again over the API.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { DeliveryMessage } from '../../../src/core/deliveries/delivery.ts'
import { keyOfId } from '../../../src/core/id.ts'
import { aConfig, aPayment, deliverBatch, stored } from '../../builders.ts'
import { anApi, OPERATOR } from '../api.ts'

const config = aConfig({ name: 'crm' })
const { retries, get, post } = anApi(config)

describe('/api/events/:id/replay', () => {
  /** Passes the last message of the queue to its consumer; returns the headers that the target receives. */
  async function deliverLast(status = 200) {
    const got: Headers[] = []
    const body = retries.messages.at(-1) as DeliveryMessage
    const message = { id: '1', timestamp: new Date(), attempts: 1, body, ack() {}, retry() {} }
    await deliverBatch({ DB: env.DB, RETRIES: retries.queue }, config, 'retries', [message], {
      fetch: async (_url, init) => {
        got.push(new Headers(init.headers))
        return new Response('', { status })
      },
      now: () => body.due,
      random: () => 0,
      log: () => undefined,
    })
    return got
  }

  it('sends a delivered event again, with its id and marked as a replay', async () => {
    const id = await stored(config, 'hype', aPayment())
    await env.DB.prepare(`UPDATE deliveries SET state = 'delivered', due = NULL, attempt = 2`).run()

    const answer = await post(`/api/events/${id}/replay`)
    const [headers] = await deliverLast()

    expect(answer).toMatchObject({ status: 200, body: { replayed: ['crm'] } })
    expect(headers?.get('webhook-id')).toBe(id)
    expect(headers?.get('relay-replay')).toBe('true')
    expect(headers?.get('relay-attempt')).toBe('2')
  })

  it('starts the whole schedule of a dead delivery again, and does not count against the target', async () => {
    const id = await stored(config, 'hype', aPayment())
    await env.DB.prepare(
      `UPDATE deliveries SET state = 'dead', due = NULL, attempt = 11 WHERE target = 'crm'`,
    ).run()
    await env.DB.prepare('DELETE FROM targets').run()

    await post(`/api/events/${id}/replay`)
    await deliverLast(500)

    const { body } = await get(`/api/events/${id}`, OPERATOR)
    expect(body).toMatchObject({
      deliveries: [{ state: 'retrying', attempt: 12, reason: null, replayed: true }],
    })
    expect((await get('/api/targets', OPERATOR)).body).toMatchObject({ targets: [{ failures: 0 }] })
  })

  it('marks the target as gone if a replay is answered with 410', async () => {
    await env.DB.prepare('DELETE FROM targets').run()
    const id = await stored(config, 'hype', aPayment())
    await env.DB.prepare(`UPDATE deliveries SET state = 'delivered', due = NULL, attempt = 2`).run()

    await post(`/api/events/${id}/replay`)
    await deliverLast(410)

    const { body } = await get('/api/targets', OPERATOR)
    expect(body).toMatchObject({ targets: [{ state: 'gone' }] })
    await env.DB.prepare('DELETE FROM targets').run()
  })

  it('sends an inferred event again', async () => {
    const id = await stored(config, 'hype', aPayment())
    await env.DB.batch([
      env.DB.prepare('UPDATE events SET status = ?2 WHERE key = CAST(?1 AS INTEGER)').bind(
        keyOfId(id),
        'derived',
      ),
      env.DB.prepare(
        `UPDATE deliveries SET state = 'delivered', due = NULL, attempt = 2 WHERE event = CAST(?1 AS INTEGER)`,
      ).bind(keyOfId(id)),
    ])

    expect(await post(`/api/events/${id}/replay`)).toMatchObject({
      status: 200,
      body: { replayed: ['crm'] },
    })
  })

  it('evaluates where for a target that never received it, unless the request names the target', async () => {
    const id = await stored(config, 'hype', aPayment())
    const dead = env.DB.prepare(
      `UPDATE deliveries SET state = 'dead', due = NULL, attempt = 3 WHERE event = CAST(?1 AS INTEGER)`,
    ).bind(keyOfId(id))
    const reason = env.DB.prepare(
      'SELECT reason FROM deliveries WHERE event = CAST(?1 AS INTEGER)',
    ).bind(keyOfId(id))

    await dead.run()
    await post(`/api/events/${id}/replay`)
    expect(await reason.first('reason')).toBe('where')
    await dead.run()
    await post(`/api/events/${id}/replay`, { targets: ['crm'] })
    expect(await reason.first('reason')).toBeNull()
  })

  it('only lists its targets with dry_run, and does not change deliveries that await an attempt', async () => {
    const id = await stored(config, 'hype', aPayment())

    const dry = await post(`/api/events/${id}/replay`, { dry_run: true })
    const real = await post(`/api/events/${id}/replay`)

    expect(dry.body).toEqual({ id, targets: ['crm'], unwanted: [], replayed: [] })
    expect(real.body).toEqual({ id, targets: ['crm'], unwanted: [], replayed: [] })
  })

  it('refuses a target that never wanted it, unless it is told to send it there', async () => {
    const picky = aConfig(
      { name: 'crm', test: false },
      { name: 'people', events: ['contact.*'] },
      { name: 'rich', where: 'data.subscription.recurring_amount.value > 1000' },
      { name: 'new', enabled: false },
    )
    const { retries: queue, post: ask } = anApi(picky)
    const id = await stored(aConfig({ name: 'crm' }), 'hype', aPayment())
    const replay = (targets: string[], how: object = {}) =>
      ask(`/api/events/${id}/replay`, { targets, ...how })

    const dry = await replay(['crm', 'people', 'rich', 'new'], { dry_run: true })
    expect(dry.body).toMatchObject({ unwanted: ['people', 'rich'], replayed: [] })
    expect(await replay(['new', 'people', 'rich'])).toMatchObject({
      status: 409,
      body: {
        type: 'urn:membership-relay:problem:not-wanted',
        title: 'people, rich never wanted this event: it is sent there only with "force".',
      },
    })
    expect(queue.sent).toEqual([])
    expect(await replay(['people', 'rich'], { force: true })).toMatchObject({
      status: 200,
      body: { unwanted: ['people', 'rich'], replayed: ['people', 'rich'] },
    })
  })

  it('refuses a target whose delivery was cancelled before it was sent, as the target does not want it', async () => {
    const picky = aConfig({ name: 'crm', events: ['contact.*'] })
    const id = await stored(aConfig({ name: 'crm' }), 'hype', aPayment())
    await env.DB.prepare(
      `UPDATE deliveries SET state = 'cancelled', due = NULL WHERE event = CAST(?1 AS INTEGER)`,
    )
      .bind(keyOfId(id))
      .run()

    const body = { targets: ['crm'] }
    expect(await anApi(picky).post(`/api/events/${id}/replay`, body)).toMatchObject({ status: 409 })
    expect(await post(`/api/events/${id}/replay`, body)).toMatchObject({ status: 200 })
  })

  it.each([
    ['an unknown event', 'evt_00000000000', {}, 404],
    ['an unknown target', undefined, { targets: ['nobody'] }, 404],
    ['an invalid body', undefined, { targets: 'crm' }, 400],
  ])('refuses %s', async (_case, unknown, body, status) => {
    const id = unknown ?? (await stored(config, 'hype', aPayment()))

    expect(await post(`/api/events/${id}/replay`, body)).toMatchObject({ status })
  })
})
