// Events in the API: the list, and one event.
import { describe, expect, it } from 'vitest'
import { aConfig, aPayment, stored } from '../../builders.ts'
import { anApi, OPERATOR } from '../api.ts'

const config = aConfig({ name: 'crm' })
const { get } = anApi(config)

describe('/api/events', () => {
  it('lists events, newest first, in pages', async () => {
    const ids: string[] = []
    for (let i = 0; i < 3; i++)
      ids.push(await stored(config, 'hype', aPayment(), { now: Date.now() + i }))

    const first = await get('/api/events?limit=2', OPERATOR)
    const second = await get(`/api/events?limit=2&next=${first.body.next}`, OPERATOR)

    const listed = [first, second]
      .flatMap(({ body }) => body.events as { id: string }[])
      .map(({ id }) => id)
    expect(listed.slice(0, 3)).toEqual(ids.toReversed())
  })

  it('returns one event with its payload, its normalized form and its deliveries', async () => {
    const id = await stored(config, 'hype', aPayment({ id: 'whole' }))

    const { body } = await get(`/api/events/${id}`, OPERATOR)

    expect(body).toMatchObject({
      id,
      source: 'hype',
      status: 'accepted',
      subject: 'contact/whole',
      event: { specversion: '1.0', id, type: 'payment.created' },
      raw: { encoding: 'utf8', text: expect.stringContaining('"whole"') },
      deliveries: [{ target: 'crm', state: 'pending', attempts: [] }],
    })
  })

  it.each([
    ['limit=0', 'limit must be at least 1.'],
    ['limit=201', 'limit must be at most 200.'],
    ['limit=many', 'limit must be a whole number.'],
    ['next=evt_1', 'next must be the `next` of a previous page.'],
    ['befor=evt_1', 'befor is not a known field.'],
    ['since=yesterday', 'since must be a time: 2026-11-30, 2026-11-30T04:00Z, or 30m, 24h, 7d.'],
    ['type=*.created', 'type may contain one * only, at its end.'],
    ['person=ana', 'person must be a person ID (per_…).'],
    ['status=lost', 'status must be one of accepted, quarantined, duplicate, inferred.'],
  ])('refuses ?%s with the reason', async (query, title) => {
    expect(await get(`/api/events?${query}`, OPERATOR)).toMatchObject({
      status: 400,
      body: { title },
    })
  })

  it.each(['evt_00000000000', 'evt_x', '%00'])('does not find the event %s', async (id) => {
    expect(await get(`/api/events/${id}`, OPERATOR)).toMatchObject({ status: 404 })
  })
})
