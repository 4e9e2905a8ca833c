// `late`: a later event of the same contact and kind is known already.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { MembershipEvent } from '../../../src/core/events/event.ts'
import { getEvent } from '../../../src/store/events/events.ts'
import { aConfig, stored } from '../../builders.ts'

const config = aConfig()

/** The stored event of a check-in. */
async function checkIn(clientID: string, checkInTime: string | number | undefined, more = {}) {
  const id = await stored(config, 'hapana', {
    ...{ eventType: 'checkIn', clientID, siteID: '1', checkInTime, checkInStatus: 'Valid' },
    ...more,
  })
  return (await getEvent(env.DB, id))?.event as MembershipEvent
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

  it('is not late for one of another client, nor for one without a time', async () => {
    await checkIn('other', '2026-11-20T18:10:00Z')
    await checkIn('own', undefined, { sessionID: '1' })

    expect((await checkIn('own', '2026-11-20T18:00:00Z')).late).toBeUndefined()
  })
})
