// Two people who share an id or an address, in the cases that are easily forgotten; and what a decision reads.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import type { MembershipEvent } from '../../../src/core/events/event.ts'
import { keyOfId } from '../../../src/core/id.ts'
import { getEvent } from '../../../src/store/events/events.ts'
import { findWronglyJoined } from '../../../src/store/events/wrongly-joined.ts'
import { aConfig, aPayment, NOW, stored, take } from '../../builders.ts'
import { aMeteredDatabase, empty, LOG_TABLES } from '../../database.ts'

const config = aConfig({ name: 'crm' })
let now = NOW
beforeEach(() => empty(...LOG_TABLES))

const ANA = { clientID: '2001', siteID: 'a', firstName: 'Ana', email: 'ana@example.com' }
const BOB = { clientID: '2001', siteID: 'b', firstName: 'Bob', email: 'bob@example.com' }
const tell = (message: object) => {
  now += 1000
  return stored(config, 'hapana', message, { now })
}
const eventOf = async (id: `evt_${string}`) =>
  (await getEvent(env, id))?.event as MembershipEvent & { data: Record<string, unknown> }

it('does not take the status of one for the previous status of the other, also without a name', async () => {
  const status = (who: object, word: string) =>
    tell({ eventType: 'clientStatusChange', ...who, status: word })
  await tell({ eventType: 'clientUpdated', ...ANA })
  await status(ANA, 'suspendedMembership')
  await tell({ eventType: 'clientUpdated', ...BOB })
  const { firstName: _, ...nameless } = BOB
  const first = await eventOf(await status(nameless, 'activePackage'))
  const second = await eventOf(await status(nameless, 'inactive'))

  expect(first.data.membership).not.toHaveProperty('previous_status')
  expect(second.data.membership).toHaveProperty('previous_status', 'active')
})

it('reads few rows to decide about a status that comes again after many visits', async () => {
  const status = { eventType: 'clientStatusChange', ...ANA, status: 'activePackage' }
  await tell(status)
  const visits = Array.from({ length: 100 }, (_, n) => ({
    eventType: 'checkIn',
    ...ANA,
    checkInStatus: 'Valid',
    checkInTime: NOW / 1000 - 100 + n,
  }))
  now += 400_000
  await take(config, 'hapana', visits, { now })
  now += 400_000
  const { db, rows } = aMeteredDatabase('rows_read')
  await stored(config, 'hapana', status, { now, db })

  expect(rows.reduce((sum, one) => sum + one, 0)).toBeLessThan(40)
})

describe('who is separated because of another at the address', () => {
  const ADDRESS = 'home@example.com'
  const client = (clientID: string, email = ADDRESS) => ({
    eventType: 'clientUpdated',
    clientID,
    siteID: 'a',
    email,
  })
  const join = async () => {
    now += 1000
    await stored(config, 'hype', aPayment({ id: 'p', email: ADDRESS }), { now })
    return tell(client('1'))
  }
  const contacts = async () => {
    const { results } = await env.DB.prepare(
      'SELECT contact, CAST(person AS TEXT) AS person, email, former FROM contacts ORDER BY contact',
    ).all<{ contact: string; person: string; email: string; former: string | null }>()
    return results
  }

  it('has a person of its own also when only its repeats are left in the log', async () => {
    const id = await join()
    await tell(client('1'))
    await env.DB.prepare('DELETE FROM events WHERE key = CAST(?1 AS INTEGER)')
      .bind(keyOfId(id))
      .run()
    await tell(client('2'))

    expect(new Set((await contacts()).map(({ person }) => person)).size).toBe(3)
  })

  it('keeps the new address that the same list has', async () => {
    await join()
    now += 1000
    await take(config, 'hapana', [client('2'), client('1', 'new@example.com')], { now })

    const [first, second] = await contacts()
    expect(first).toMatchObject({ email: 'new@example.com', former: ADDRESS })
    expect(first?.person).not.toBe(second?.person)
    expect(new Set((await contacts()).map(({ person }) => person)).size).toBe(3)
  })
})

it('does not list people who were joined by the present rules and have other addresses since', async () => {
  const client = { eventType: 'clientUpdated', clientID: '1', siteID: 'a' }
  now += 1000
  await stored(config, 'hype', aPayment({ id: 'p', email: 'first@example.com' }), { now })
  for (const email of ['first@example.com', 'second@example.com', 'third@example.com']) {
    await tell({ ...client, email })
  }

  expect((await findWronglyJoined(env.DB, undefined, [])).people).toEqual([])
})

it('takes the new address of a client from a message that names neither site nor person', async () => {
  await tell({ eventType: 'clientUpdated', ...ANA })
  await tell({ eventType: 'clientUpdated', clientID: ANA.clientID, email: 'new@example.com' })

  const { results } = await env.DB.prepare('SELECT contact, email, former FROM contacts').all()
  expect(results).toEqual([{ contact: '2001', email: 'new@example.com', former: ANA.email }])
})
