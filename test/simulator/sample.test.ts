// The simulator's messages: of every type, as the vendors document them, the same for the same seed, authenticated as by
// the vendor. All are synthetic: no real body of either vendor is public.
import { describe, expect, it } from 'vitest'
import type { Source } from '../../src/core/events/source.ts'
import { withOverrides } from '../../src/simulator/overrides.ts'
import { authenticatedRequest } from '../../src/simulator/request.ts'
import { sampleOf } from '../../src/simulator/sample.ts'
import { SENDERS } from '../../src/simulator/senders.ts'
import type { SimulatedMessage } from '../../src/simulator/step.ts'
import { VENDORS, type VendorId } from '../../src/vendors/index.ts'
import { NOW } from '../builders.ts'

const CONTEXT = { now: NOW, seed: 'one' }
const SETTINGS = { sites: {} }

function sample(vendor: VendorId, type: string, overrides = {}, context = CONTEXT) {
  const made = sampleOf(vendor, type, overrides, context)
  if (!made.ok) throw new Error(made.error)
  return made.value
}
const bodyOf = ({ text }: SimulatedMessage) => JSON.parse(text)

/** The keys that the vendors document for each message. */
const DOCUMENTED = {
  profile:
    'address barcodeID birthDate clientID customProperties email emergencyEmail emergencyFirstName emergencyLastName emergencyPhone firstName gender joinDate lastName leadSource phone profileImage siteID',
  status: 'activePackages clientID email firstName lastName phone siteID status',
  purchase:
    'amount clientID email firstName lastName packageCategory packageID packageName packageType siteID',
  checkIn:
    'SessionInstructor barcode checkInMessage checkInStatus checkInTime clientID customProperties email firstName fobNumber lastName packageID packageName phone sessionID sessionName sessionStartTime sessionType siteID',
  message: 'clientID communicationType email emailFrom emailTo message messageId siteID subject',
  hype: 'data email id name publisher_id source timestamp type version',
}

describe('a sample', () => {
  it.each([
    ['hapana', 'accountCreated', 'contact.created', DOCUMENTED.profile],
    ['hapana', 'clientUpdated', 'contact.updated', DOCUMENTED.profile],
    ['hapana', 'clientStatusChange', 'membership.status_changed', DOCUMENTED.status],
    ['hapana', 'packagePurchased', 'purchase.completed', DOCUMENTED.purchase],
    ['hapana', 'checkIn', 'checkin.recorded', DOCUMENTED.checkIn],
    ['hapana', 'outboundMessage', 'message.sent', DOCUMENTED.message],
    ['hype', 'contact.created', 'contact.created', DOCUMENTED.hype],
    ['hype', 'contact.updated', 'contact.updated', DOCUMENTED.hype],
    ['hype', 'payment.created', 'payment.created', DOCUMENTED.hype],
    ['hype', 'payment.updated', 'payment.updated', DOCUMENTED.hype],
    ['hype', 'payment.deleted', 'subscription.ended', DOCUMENTED.hype],
  ] as const)(
    'of %s %s has the documented keys, and is normalized to %s',
    (vendor, type, event, keys) => {
      const made = sample(vendor, type)

      expect(Object.keys(bodyOf(made)).sort().join(' ')).toBe(keys)
      const message = { body: bodyOf(made), headers: new Headers(), eventName: made.eventName }
      const normalized = VENDORS[vendor].normalize(message, SETTINGS)
      expect(normalized).toMatchObject({
        ok: true,
        value: { event: { type: event, vendorType: type }, warnings: [] },
      })
      expect(normalized.ok && 'extra' in normalized.value.event.data).toBe(false)
    },
  )

  it('exists for each type of a sender', () => {
    expect(SENDERS.hapana.types).toHaveLength(6)
    expect(SENDERS.hype.types).toHaveLength(5)
  })

  it('has the data keys that Hype documents', () => {
    const { data } = bodyOf(sample('hype', 'payment.created'))

    expect(Object.keys(data).sort().join(' ')).toBe(
      'acquisition billing_end billing_interval discount_code final_payment first_payment membership recurring tier total trial_end whitelisted',
    )
    expect(Object.keys(data.acquisition).sort().join(' ')).toBe(
      'adblock audience device region source',
    )
  })

  it('has ids in the vendors’ forms, and the current time', () => {
    const account = bodyOf(sample('hapana', 'accountCreated'))
    const payment = bodyOf(sample('hype', 'payment.created'))

    expect(account.clientID).toMatch(/^[A-Za-z0-9+/]{30}09$/)
    expect(atob(atob(account.clientID))).toHaveLength(16)
    expect(payment.id).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    )
    expect(payment.timestamp).toBe(NOW / 1000)
    expect(bodyOf(sample('hapana', 'checkIn')).checkInTime).toBe('2026-11-21T00:00:00Z')
  })

  it('is the same for the same seed, and about another member for another', () => {
    expect(sample('hapana', 'checkIn')).toEqual(sample('hapana', 'checkIn'))
    const other = sample('hapana', 'checkIn', {}, { now: NOW, seed: 'two' })
    expect(bodyOf(other).clientID).not.toBe(bodyOf(sample('hapana', 'checkIn')).clientID)
    expect(bodyOf(other).email).not.toBe(bodyOf(sample('hapana', 'checkIn')).email)
    expect(other.deliveryId).not.toBe(sample('hapana', 'checkIn').deliveryId)
  })

  it('applies overrides', () => {
    const made = sample('hype', 'payment.updated', { email: 'ana@example.com', 'data.total': 0 })

    expect(bodyOf(made)).toMatchObject({
      email: 'ana@example.com',
      data: { total: 0, recurring: 10 },
    })
  })

  it('is refused with the reason if its type is unknown or an override does not fit', () => {
    expect(sampleOf('hype', 'checkIn', {}, CONTEXT)).toEqual({
      ok: false,
      error:
        '"checkIn" is not an event type of hype. Its types: contact.created, contact.updated, payment.created, payment.updated, payment.deleted.',
    })
    expect(sampleOf('hype', 'payment.created', { 'email.domain': 'x' }, CONTEXT)).toEqual({
      ok: false,
      error: 'email.domain: the value before "domain" is not an object or a list',
    })
  })
})

describe('an override', () => {
  const body = { a: 1, list: [{ b: 2 }], none: null, deep: { c: 3, d: 4 } }

  it.each([
    ['of a value', { a: null }, { ...body, a: null }],
    ['deep inside', { 'deep.c': 9 }, { ...body, deep: { c: 9, d: 4 } }],
    ['of a whole object', { deep: { e: 5 } }, { ...body, deep: { e: 5 } }],
    ['below an absent key', { 'x.y': true }, { ...body, x: { y: true } }],
    ['below null', { 'none.y': 1 }, { ...body, none: { y: 1 } }],
    ['in a list', { 'list.0.b': 7 }, { ...body, list: [{ b: 7 }] }],
    ['at the end of a list', { 'list.1.b': 7 }, { ...body, list: [{ b: 2 }, { b: 7 }] }],
    ['after another', { 'deep.c': 1, deep: 2 }, { ...body, deep: 2 }],
  ])('%s is applied', (_, overrides, expected) => {
    const before = structuredClone(body)

    expect(withOverrides(body, overrides)).toEqual({ ok: true, value: expected })
    expect(body).toEqual(before)
  })

  it.each([
    [{ 'list.3': 1 }, 'list.3: "3" is not an index of a list of 1 items'],
    [{ 'list.b': 1 }, 'list.b: "b" is not an index of a list of 1 items'],
    [{ 'a.b': 1 }, 'a.b: the value before "b" is not an object or a list'],
    [{ 'deep..c': 1 }, 'The path "deep..c" of overrides has an empty key.'],
    [{ '': 1 }, 'The path "" of overrides has an empty key.'],
  ])('%j is refused', (overrides, error) => {
    expect(withOverrides(body, overrides)).toEqual({ ok: false, error })
  })

  it('changes no object but the body, whatever its path', () => {
    const result = withOverrides({}, { '__proto__.polluted': true, 'constructor.x': 1 })

    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
    expect(JSON.stringify(result.ok && result.value)).toBe(
      '{"__proto__":{"polluted":true},"constructor":{"x":1}}',
    )
  })
})

describe('a request', () => {
  const message = {
    vendorType: 'checkIn',
    eventName: 'checkIn',
    deliveryId: 'del_1',
    text: '{"clientID":"é"}',
  }
  const source = (vendor: VendorId, credentials: object): Source<VendorId> => ({
    name: 'gym',
    vendor,
    credentials: {
      secrets: [],
      header: undefined,
      signingSecrets: [],
      toleranceSeconds: 300,
      ...credentials,
    },
    settings: SETTINGS,
  })
  const made = (vendor: VendorId, credentials: object, overrides: Partial<SimulatedMessage> = {}) =>
    authenticatedRequest(
      source(vendor, credentials),
      { ...message, ...overrides },
      { now: NOW + 999, origin: 'https://relay.example' },
    )

  it('has the first secret in the configured header', async () => {
    const request = await made('hapana', { secrets: ['new', 'old'], header: 'x-relay-key' })

    expect(request.url).toBe('https://relay.example/in/gym?event=checkIn')
    expect(Object.fromEntries(request.headers)).toEqual({
      'content-type': 'application/json',
      'relay-test': 'true',
      'x-relay-key': 'new',
    })
    expect(request.method).toBe('POST')
    expect(await request.text()).toBe('{"clientID":"é"}')
  })

  it('has it in the URL if no header is configured', async () => {
    const request = await made('hype', { secrets: ['a b&c'] }, { eventName: undefined })

    expect(request.url).toBe('https://relay.example/in/gym?key=a+b%26c')
    expect(request.headers.has('x-hapana-signature')).toBe(false)
  })

  // Computed with openssl: printf '1795219200.{"clientID":"é"}' | openssl dgst -sha256 -hmac hapana-signing-secret
  it('is signed as Hapana signs', async () => {
    const request = await made('hapana', { signingSecrets: ['hapana-signing-secret', 'old'] })

    expect(request.headers.get('x-hapana-signature')).toBe(
      't=1795219200,v1=0a9fee6ffff7fa98f077e0e553307bf529e380fb4e4787cc8f14809ee3ac073c',
    )
    expect(request.headers.get('x-hapana-delivery')).toBe('del_1')
  })
})
