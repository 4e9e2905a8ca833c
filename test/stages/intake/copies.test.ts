// Copies of a message are found although the log has them elsewhere than the message itself: under another key of the contact, or
// at another time.
import { env } from 'cloudflare:workers'
import { beforeEach, expect, it } from 'vitest'
import { aConfig, NOW, take } from '../../builders.ts'
import { empty, LOG_TABLES } from '../../database.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

beforeEach(() => empty(...LOG_TABLES))

async function send(body: object, now: number, delivery?: string) {
  const headers = delivery === undefined ? {} : { 'x-hapana-delivery': delivery }
  const result = await take(aConfig(), 'hapana', body, { now, headers })
  if (!result.ok) throw new Error(JSON.stringify(result))
  return result.value.events[0]
}

const profile = (siteID: string, fields: object) => ({
  eventType: 'clientUpdated',
  clientID: 'shared',
  siteID,
  ...fields,
})

it('under the bare key of a contact, once the message belongs to another contact with the same id', async () => {
  await send(profile('a', { firstName: 'Ana', lastName: 'Lee', email: 'ana@example.com' }), NOW)
  const nameless = profile('b', { email: 'bo@example.com' })
  const first = await send(nameless, NOW + MINUTE, 'd-1')
  await send(
    profile('b', { firstName: 'Bo', lastName: 'Wu', email: 'bo@example.com' }),
    NOW + 2 * MINUTE,
  )

  const again = await send(nameless, NOW + HOUR, 'd-1')

  const { results } = await env.DB.prepare(
    "SELECT DISTINCT contact FROM events WHERE status = 'accepted' ORDER BY contact",
  ).all<{ contact: string }>()
  expect(results.map(({ contact }) => contact)).toEqual(['shared', 'shared\u001fb'])
  expect(again).toMatchObject({ id: first?.id, status: 'duplicate' })
})

it('at the time of receipt, as the vendor’s time was still ahead when it came first', async () => {
  const at = new Date(NOW + 3 * HOUR).toISOString()
  const visit = { eventType: 'checkIn', clientID: 'ahead', siteID: 's', checkInTime: at }
  const first = await send(visit, NOW)

  const again = await send(visit, NOW + 4 * HOUR)

  expect(again).toMatchObject({ id: first?.id, status: 'duplicate' })
})

it('behind more than ten others of equal content', async () => {
  const purchase = {
    eventType: 'packagePurchased',
    clientID: 'regular',
    siteID: 's',
    packageID: 'p',
  }
  const first = await send(purchase, NOW, 'd-0')
  for (let i = 1; i <= 15; i++) await send(purchase, NOW + i * HOUR, `d-${i}`)

  expect(await send(purchase, NOW + 16 * HOUR, 'd-0')).toMatchObject({
    id: first?.id,
    status: 'duplicate',
  })
})
