// `late`: a later event of the same contact and kind is known already.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { MembershipEvent } from '../../../src/core/events/event.ts'
import { type EventId, keyOfId } from '../../../src/core/id.ts'
import { getEvent } from '../../../src/store/events/events.ts'
import { aConfig, aPayment, NOW, stored, take } from '../../builders.ts'

const config = aConfig()

/** The stored event of a check-in. */
async function checkIn(clientID: string, checkInTime: string | number | undefined, more = {}) {
  const id = await stored(config, 'hapana', {
    ...{ eventType: 'checkIn', clientID, siteID: '1', checkInTime, checkInStatus: 'Valid' },
    ...more,
  })
  return (await getEvent(env, id))?.event as MembershipEvent
}

describe('a check-in', () => {
  it.each([
    ['a later one', {}, {}],
    ['a later one that was rejected', { checkInStatus: 'Invalid' }, {}],
    ['a later one, and was rejected itself', {}, { checkInStatus: 'Invalid' }],
  ])('that comes after %s is late', async (about, first, second) => {
    const later = await checkIn(about, '2026-11-20T18:10:00Z', first)
    const earlier = await checkIn(about, '2026-11-20T18:00:00Z', second)

    expect(later.late).toBeUndefined()
    expect(earlier.late).toBe(true)
  })

  it('is late behind a later one of the same request', async () => {
    const at = (checkInTime: string) => ({
      ...{ eventType: 'checkIn', clientID: 'listed', siteID: '1', checkInStatus: 'Valid' },
      checkInTime,
    })
    const list = [at('2026-11-20T18:10:00Z'), at('2026-11-20T18:00:00Z')]
    const result = await take(config, 'hapana', list)
    const [first, second] = result.ok ? result.value.events : []

    expect((await getEvent(env, first?.id as EventId))?.event).not.toHaveProperty('late')
    expect((await getEvent(env, second?.id as EventId))?.event).toMatchObject({ late: true })
  })

  it('is not late for one of another client, nor for one without a time', async () => {
    await checkIn('other', '2026-11-20T18:10:00Z')
    await checkIn('own', undefined, { sessionID: '1' })

    expect((await checkIn('own', '2026-11-20T18:00:00Z')).late).toBeUndefined()
  })
})

describe('a time years ahead', () => {
  /** Stores a message, then changes its time as an older version stored it, which believed every time. */
  async function storedAhead(source: 'hapana' | 'hype', body: object): Promise<void> {
    const id = await stored(config, source, body)
    const at = Date.parse('2027-11-21T00:00:00Z')
    await env.DB.prepare(
      `UPDATE events SET at = ?2, event = json_set(event, '$.time', '2027-11-21T00:00:00Z', '$.timebasis', ?3)
       WHERE key = CAST(?1 AS INTEGER)`,
    )
      .bind(keyOfId(id), at, source === 'hype' ? 'envelope' : 'vendor_field')
      .run()
  }
  const payment = (id: string, total: number, overrides: object = {}) =>
    aPayment({ id, email: `${id}@example.com`, data: { tier: 'Gold', total }, ...overrides })

  it('is not when something happened: what follows is not late, and is understood', async () => {
    const refund = { type: 'payment.updated', source: 'dashboard', timestamp: 1_795_219_300 }
    await stored(config, 'hype', payment('ahead', 100, { timestamp: 9_999_999_999 }))
    const id = await stored(config, 'hype', payment('ahead', 10, refund), { now: NOW + 200_000 })

    const { event } = (await getEvent(env, id)) ?? {}
    expect(event).toMatchObject({ type: 'payment.refunded', time: '2026-11-21T00:01:40Z' })
    expect(event).not.toHaveProperty('late')
  })

  it('in the log makes nothing late, and hides no total and no address', async () => {
    await storedAhead('hype', payment('stored-ahead', 100))
    const refund = { type: 'payment.updated', source: 'dashboard', timestamp: 1_795_219_300 }
    const moved = { ...refund, email: 'moved@example.com' }
    const id = await stored(config, 'hype', payment('stored-ahead', 10, moved), {
      now: NOW + 200_000,
    })

    const { event } = (await getEvent(env, id)) ?? {}
    expect(event).toMatchObject({ type: 'payment.refunded' })
    expect(event).not.toHaveProperty('late')
    const contact = await env.DB.prepare(
      "SELECT email FROM contacts WHERE contact = 'stored-ahead'",
    ).first()
    expect(contact).toEqual({ email: 'moved@example.com' })
  })

  it('of a check-in in the log makes no later one late, and is still the first', async () => {
    await storedAhead('hapana', {
      ...{ eventType: 'checkIn', clientID: 'visited', siteID: '1', checkInStatus: 'Valid' },
      checkInTime: '2026-11-20T18:00:00Z',
    })
    const next = await checkIn('visited', '2026-11-20T19:00:00Z')

    expect(next).not.toHaveProperty('late')
    expect(next.data).toMatchObject({ checkin: { first: false } })
  })
})
