// Repeats of events that have left their rows get the verdict that they had while these were there, for thirty days.
import { env } from 'cloudflare:workers'
import { beforeEach, expect, it } from 'vitest'
import type { EventId } from '../../../src/core/id.ts'
import { dropOldIdentities } from '../../../src/store/intake/packed-identities.ts'
import { restoreEvents } from '../../../src/store/ledger/packs/restore.ts'
import { aConfig, aPayment, aStatusChange, NOW, take } from '../../builders.ts'
import { empty, LOG_TABLES } from '../../database.ts'
import { clearPacks, PLACES, packAll } from '../../packs.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

beforeEach(async () => {
  await empty(...LOG_TABLES, 'packed_identities')
  await clearPacks()
})

type Options = Parameters<typeof take>[3]

async function send(vendor: 'hapana' | 'hype', body: object, now: number, options: Options = {}) {
  const result = await take(aConfig(), vendor, body, { now, ...options })
  if (!result.ok) throw new Error(JSON.stringify(result))
  const { id, status } = result.value.events[0] ?? { id: 'evt_' as EventId, status: 'none' }
  const row = await env.DB.prepare(
    'SELECT rung FROM events WHERE vendor = ?1 ORDER BY key DESC LIMIT 1',
  )
    .bind(vendor)
    .first<{ rung: string | null }>()
  return { id, status, rung: row?.rung ?? null }
}

const hot = () => env.DB.prepare('SELECT count(*) AS n FROM events').first<number>('n')

/** Sends messages an hour apart, then packs them; none is hot any more. */
async function packed(vendor: 'hapana' | 'hype', bodies: object[], options: Options = {}) {
  const sent = []
  for (const [i, body] of bodies.entries()) {
    sent.push(await send(vendor, body, NOW + i * HOUR, options))
  }
  await packAll(PLACES.d1, NOW + DAY)
  expect(await hot()).toBe(0)
  return sent
}

const purchase = {
  eventType: 'packagePurchased',
  clientID: 'c',
  siteID: 's',
  packageID: 'p',
  amount: 5,
}
const visit = {
  eventType: 'checkIn',
  clientID: 'c',
  siteID: 's',
  checkInTime: '2026-11-20T09:00:00Z',
}
const mail = { eventType: 'outboundMessage', clientID: 'c', messageId: 'm', message: 'Hi' }
const payment = aPayment({ id: 'packed', timestamp: NOW / 1000 - 60 })
const delivery = (id: string) => ({ headers: { 'x-hapana-delivery': id } })

it.each([
  ['a payment with its timestamp', 'hype', payment, {}],
  ['a check-in with its time', 'hapana', visit, {}],
  ['a sent message with its id', 'hapana', mail, {}],
  ['a purchase with its delivery id', 'hapana', purchase, delivery('d-1')],
] as const)('recognises %s, 29 days later', async (_what, vendor, body, options) => {
  const [first] = await packed(vendor, [body], options)

  const again = await send(vendor, body, NOW + 29 * DAY, options)

  expect(again).toEqual({ id: first?.id, status: 'duplicate', rung: 'identity' })
})

it.each([
  ['a purchase', purchase],
  ['a status with nothing between', aStatusChange({ clientID: 'c' })],
])('marks %s of equal content', async (_what, body) => {
  await packed('hapana', [body])

  expect(await send('hapana', body, NOW + 29 * DAY)).toMatchObject({
    status: 'accepted',
    rung: 'twin',
  })
})

it('does not mark a status that returns behind another one', async () => {
  const [a, b] = [
    aStatusChange({ clientID: 'c' }),
    aStatusChange({ clientID: 'c', status: 'inactive' }),
  ]
  await packed('hapana', [a, b])

  expect(await send('hapana', a, NOW + 2 * DAY)).toMatchObject({ status: 'accepted', rung: null })
})

it('takes the repeat of a packed event for one, although an equal one is hot', async () => {
  const [first] = await packed('hapana', [purchase], delivery('d-1'))
  await send('hapana', purchase, NOW + 2 * DAY, delivery('d-2'))

  const again = await send('hapana', purchase, NOW + 3 * DAY, delivery('d-1'))

  expect(again).toEqual({ id: first?.id, status: 'duplicate', rung: 'identity' })
})

it('counts a restored event once', async () => {
  const [first] = await packed('hype', [payment])
  await restoreEvents(PLACES.d1, [first?.id as EventId])

  const again = await send('hype', payment, NOW + 2 * DAY)

  expect(again).toEqual({ id: first?.id, status: 'duplicate', rung: 'identity' })
})

it('keeps an identity for thirty days, and not for fifty', async () => {
  await packed('hype', [payment])
  const left = async (days: number) => {
    await dropOldIdentities(env.DB, NOW + days * DAY, 100)
    return env.DB.prepare('SELECT count(*) AS n FROM packed_identities').first<number>('n')
  }

  expect(await left(30)).toBe(1)
  expect(await left(50)).toBe(0)
})

it('keeps none of an event that is packed after thirty days', async () => {
  await send('hype', payment, NOW)
  await packAll(PLACES.d1, NOW + 31 * DAY, 7)

  expect(await hot()).toBe(0)
  expect(await env.DB.prepare('SELECT count(*) AS n FROM packed_identities').first('n')).toBe(0)
})
