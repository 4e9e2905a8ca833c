// A signed message is one message, whatever is written around it: neither the URL nor any other header is signed.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../../src/config.ts'
import { accept } from '../../../src/stages/intake/accept.ts'
import { signature } from '../../../src/vendors/hapana/signature.ts'
import { aQueue, aSpill, NOW, toolsAt } from '../../builders.ts'

const SECRET = 'the-signing-secret-of-hapana'
const config = parseConfig(
  {
    SOURCES: [{ name: 'gym', vendor: 'hapana', signing_secret: 'S' }],
    TARGETS: [{ name: 'crm', url: 'https://crm.example/' }],
  },
  () => SECRET,
)

const PROFILE = { siteID: '1', email: 'ana@gym.example', firstName: 'Ana' }
const CHECK_IN = { siteID: '1', checkInStatus: 'Valid', checkInTime: '2026-11-01T08:00:00Z' }
const PURCHASE = { eventType: 'packagePurchased', siteID: '1', packageID: 'p', amount: 90 }
const MESSAGE = { siteID: '1', messageId: 'm-1', communicationType: 'SMS', message: 'Hi' }

let clients = 0
/** A body of a client of its own. */
const bodyOf = (fields: object) => JSON.stringify({ clientID: `signed-${++clients}`, ...fields })

type Around = { event?: string; headers?: Record<string, string> }

/** Sends a body that was signed at `signedAt`, with what is not signed around it. */
async function send(body: string, { event, headers = {} }: Around, signedAt = NOW, now = NOW) {
  const bytes = new TextEncoder().encode(body)
  const signed = await signature.sign(bytes, SECRET, signedAt)
  const result = await accept(
    { DB: env.DB, DELIVERIES: aQueue().queue, SPILL: aSpill().queue },
    config,
    'gym',
    new Request(`https://relay.example/in/gym${event === undefined ? '' : `?event=${event}`}`, {
      method: 'POST',
      headers: { 'x-hapana-signature': signed, ...headers },
      body: bytes,
    }),
    toolsAt(now),
  )
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  const [receipt] = result.value.receipts
  if (receipt === undefined) throw new Error('no receipt')
  return { id: receipt.id, status: receipt.status }
}

const TEST = { headers: { 'relay-test': 'true' } }

describe('the same signed message again', () => {
  it.each<[string, object, Around, Around]>([
    ['under another ?event=', PROFILE, { event: 'accountCreated' }, { event: 'clientUpdated' }],
    ['without ?event=', PROFILE, { event: 'accountCreated' }, {}],
    ['with ?event=', PROFILE, {}, { event: 'clientUpdated' }],
    [
      'with another header that names its type',
      PROFILE,
      { headers: { 'x-hapana-event': 'accountCreated' } },
      { headers: { 'x-hapana-event': 'clientUpdated' } },
    ],
    ['as another event than a check-in', CHECK_IN, {}, { event: 'accountCreated' }],
    ['as a check-in', CHECK_IN, { event: 'accountCreated' }, {}],
    ['as another event than an e-mail', MESSAGE, {}, { event: 'clientUpdated' }],
    ['as a test', PROFILE, { event: 'accountCreated' }, { event: 'accountCreated', ...TEST }],
    ['as a test of another type', CHECK_IN, {}, { event: 'clientUpdated', ...TEST }],
    [
      'no longer as a test',
      PROFILE,
      { event: 'accountCreated', ...TEST },
      { event: 'clientUpdated' },
    ],
    ['with another delivery id', PROFILE, {}, { headers: { 'x-hapana-delivery': 'another' } }],
    ['with what it lacked in quarantine', { other: 1 }, {}, { event: 'accountCreated' }],
    ['without what it needs to be understood', { other: 1 }, { event: 'accountCreated' }, {}],
  ])('is a repeat: %s', async (_case, fields, first, again) => {
    const body = bodyOf(fields)
    const original = await send(body, first)
    const repeat = await send(body, again, NOW, NOW + 290_000)

    expect(original.status).not.toBe('duplicate')
    expect(repeat).toEqual({ id: original.id, status: 'duplicate' })
  })

  it('leaves a real event real', async () => {
    const body = bodyOf(PROFILE)
    const { id } = await send(body, { event: 'accountCreated' })
    await send(body, { event: 'accountCreated', ...TEST }, NOW, NOW + 1000)
    const { results } = await env.DB.prepare(
      "SELECT status, event ->> '$.test' AS test FROM events WHERE raw = ?1 ORDER BY key",
    )
      .bind(body)
      .all()

    expect(id).toMatch(/^evt_/)
    expect(results[0]).toEqual({ status: 'accepted', test: null })
    expect(results.map(({ status }) => status)).toEqual(['accepted', 'duplicate'])
  })
})

describe('another signed message', () => {
  it('is an event of its own under another ?event=, although its content is the same', async () => {
    const body = bodyOf(PROFILE)
    const created = await send(body, { event: 'accountCreated' })
    const updated = await send(body, { event: 'clientUpdated' }, NOW + 1000, NOW + 1000)

    expect(created.status).toBe('accepted')
    expect(updated.status).toBe('accepted')
  })

  it('is a repeat with the same content within the window, and an event of its own after it', async () => {
    const body = bodyOf(PROFILE)
    const event = { event: 'clientUpdated' }
    const first = await send(body, event)
    const soon = await send(body, event, NOW + 60_000, NOW + 60_000)
    const late = await send(body, event, NOW + 600_000, NOW + 600_000)

    expect(soon).toEqual({ id: first.id, status: 'duplicate' })
    expect(late.status).toBe('accepted')
  })

  it('is a repeat under the same delivery id, however late it is signed again', async () => {
    const body = bodyOf(PURCHASE)
    const delivery = (id: string) => ({ headers: { 'x-hapana-delivery': id } })
    const first = await send(body, delivery('del_1'))
    const second = await send(body, delivery('del_2'), NOW + 60_000, NOW + 60_000)
    const again = await send(body, delivery('del_1'), NOW + 4e7, NOW + 4e7)

    expect(second.status).toBe('accepted')
    expect(again).toEqual({ id: first.id, status: 'duplicate' })
  })

  it('is real, although a test had the same content', async () => {
    const body = bodyOf(PROFILE)
    const event = { event: 'clientUpdated' }
    await send(body, { ...event, ...TEST })

    expect((await send(body, event, NOW + 1000, NOW + 1000)).status).toBe('accepted')
  })
})
