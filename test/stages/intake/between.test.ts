// A state that is told again, when what came between could not be read.
import { beforeEach, expect, it } from 'vitest'
import { aConfig, aPayment, NOW, take } from '../../builders.ts'
import { empty, LOG_TABLES } from '../../database.ts'

beforeEach(() => empty(...LOG_TABLES))

const statusesOf = async (vendor: 'hapana' | 'hype', ...bodies: (object | Uint8Array)[]) => {
  const statuses: (string | undefined)[] = []
  for (const [i, body] of bodies.entries()) {
    const result = await take(aConfig(), vendor, body, { now: NOW + i * 1000 })
    statuses.push(result.ok ? result.value.events[0]?.status : result.error.kind)
  }
  return statuses
}

const utf16 = (body: object) =>
  new Uint8Array(new Uint16Array([...JSON.stringify(body)].map((c) => c.charCodeAt(0))).buffer)

it('is delivered when that is bytes, which may be about the same client', async () => {
  const status = (word: string) => ({
    eventType: 'clientStatusChange',
    clientID: 'client-1',
    siteID: 's',
    status: word,
  })
  const [a, b] = [status('activePackage'), status('inactive')]

  expect(await statusesOf('hapana', a, utf16(b), a)).toEqual([
    'accepted',
    'quarantined',
    'accepted',
  ])
})

it('is delivered when the contact is known by its address alone', async () => {
  const payment = aPayment({ id: undefined, timestamp: undefined })

  expect(
    await statusesOf('hype', payment, { ...payment, type: 'payment.paused' }, payment),
  ).toEqual(['accepted', 'quarantined', 'accepted'])
})

it('is delivered when that came between, stamped a second earlier than both', async () => {
  const profile = (name: string, timestamp: number) =>
    aPayment({ id: 'contact-1', type: 'contact.updated', name, data: undefined, timestamp })
  const second = 1_795_219_200

  expect(
    await statusesOf(
      'hype',
      profile('Ana Lee', second),
      profile('Ana Wu', second - 1),
      profile('Ana Lee', second + 1),
    ),
  ).toEqual(['accepted', 'accepted', 'accepted'])
})
