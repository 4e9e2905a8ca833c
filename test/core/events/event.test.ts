import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { composeEvent, type EventDraft, warningTexts } from '../../../src/core/events/event.ts'
import { EVENT_DATA } from '../../../src/core/events/vocabulary.ts'

function aDraft(overrides: object = {}): EventDraft {
  return {
    type: 'contact.created',
    data: { contact: { vendor_id: 'C 1' } },
    origin: '/hapana/sites/S1',
    contactId: 'C 1',
    occurred: { at: '2026-11-20T22:15:00Z', basis: 'vendor_field' },
    vendorType: 'accountCreated',
    vendorVersion: '1.1.0',
    typeBasis: 'url',
    isTest: true,
    ...overrides,
  } as EventDraft
}

const CONTEXT = {
  id: 'evt_1jkm0300007',
  source: 'gym',
  vendor: 'hapana',
  mappingVersion: 3,
  origin: 'https://relay.example',
  warnings: [],
} as const

describe('composeEvent', () => {
  it('makes a CloudEvent of a draft', () => {
    expect(composeEvent(aDraft(), { ...CONTEXT, warnings: [] })).toStrictEqual({
      specversion: '1.0',
      id: 'evt_1jkm0300007',
      type: 'contact.created',
      source: '/hapana/sites/S1',
      subject: 'contact/C 1',
      time: '2026-11-20T22:15:00Z',
      datacontenttype: 'application/json',
      dataschema: 'https://relay.example/schemas/contact.created/1',
      relaysource: 'gym',
      vendor: 'hapana',
      vendortype: 'accountCreated',
      vendorversion: '1.1.0',
      receivedat: '2026-11-21T00:00:00Z',
      timebasis: 'vendor_field',
      typebasis: 'url',
      mappingversion: 3,
      test: true,
      data: { contact: { vendor_id: 'C 1' } },
    })
  })

  it.each([
    ['a control character', 'X\0a', 'X\ufffda'],
    ['a line feed', 'X\na\x7f\x9f', 'X\ufffda\ufffd\ufffd'],
    ['half a surrogate pair', 'X\ud83da', 'X\ufffda'],
    ['a noncharacter', 'X\uffffa\u{1fffe}', 'X\ufffda\ufffd'],
    ['an emoji and an accent', 'X🏋️é', 'X🏋️é'],
    ['more than a header can have', 'é'.repeat(10_000), 'é'.repeat(500)],
  ])('has attributes that CloudEvents allows, where the vendor sent %s', (_what, sent, shown) => {
    const data = { contact: { vendor_id: sent } }
    const draft = aDraft({ contactId: sent, vendorType: sent, vendorVersion: sent, data })

    const event = composeEvent(draft, { ...CONTEXT, warnings: [] })

    const { subject, vendortype, vendorversion } = event
    expect([subject, vendortype, vendorversion]).toEqual([`contact/${shown}`, shown, shown])
    expect(event.data.contact.vendor_id).toBe(sent)
  })

  it('leaves out unknown attributes, and uses the time received as the time', () => {
    const draft = aDraft({
      contactId: undefined,
      occurred: undefined,
      vendorVersion: undefined,
      isTest: false,
    })

    const event = composeEvent(draft, { ...CONTEXT, warnings: [] })

    expect(Object.keys(event)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(subject|vendorversion|test)$/)]),
    )
    expect(event).toMatchObject({ time: '2026-11-21T00:00:00Z', timebasis: 'received' })
  })

  it('puts the warnings into the data, each on one line', () => {
    const warnings = [{ path: 'checkInTime', message: 'has no zone' }]

    const event = composeEvent(aDraft(), { ...CONTEXT, warnings })

    expect(event.data.warnings).toEqual(['checkInTime: has no zone'])
    expect(warningTexts([{ path: 'a', message: 'b' }])).toEqual(['a: b'])
  })

  it('includes the first twenty warnings, and the number of the others', () => {
    const texts = warningTexts(Array.from({ length: 70_000 }, () => ({ path: 'a', message: 'b' })))

    expect(texts).toHaveLength(21)
    expect(texts.at(-1)).toBe('and 69980 more')
  })

  it('names its extensions as CloudEvents requires: lower-case letters and digits', () => {
    for (const key of Object.keys(composeEvent(aDraft(), { ...CONTEXT, warnings: [] }))) {
      expect(key).toMatch(/^[a-z0-9]{1,20}$/)
    }
  })
})

describe('EVENT_DATA', () => {
  const contact = { vendor_id: 'C1' }
  const amount = { value: '49.00', unit: 'unspecified', currency: null }

  it('is the vocabulary', () => {
    expect(Object.keys(EVENT_DATA).sort()).toEqual([
      'checkin.recorded',
      'checkin.rejected',
      'contact.created',
      'contact.site_linked',
      'contact.updated',
      'contact.upserted',
      'membership.status_changed',
      'message.sent',
      'payment.corrected',
      'payment.created',
      'payment.failed',
      'payment.refunded',
      'payment.updated',
      'purchase.completed',
      'subscription.corrected',
      'subscription.ended',
      'subscription.plan_changed',
    ])
  })

  it.each([
    ['contact.created', { contact }],
    ['payment.created', { contact, subscription: { total_paid_amount: amount, tier: null } }],
    ['payment.refunded', { contact, refund: { amount: null, full: true } }],
    ['subscription.ended', { contact, reason: 'dunning' }],
    ['membership.status_changed', { contact, membership: { status: 'active', status_raw: 'x' } }],
    ['purchase.completed', { contact, purchase: { package: {}, amount } }],
    ['checkin.recorded', { contact, checkin: { status: 'unknown' } }],
    ['message.sent', { contact, message: { channel: 'sms' } }],
  ] as const)('of %s accepts %j', (type, data) => {
    expect(v.is(EVENT_DATA[type], data)).toBe(true)
  })

  it.each([
    ['contact.created', {}],
    ['contact.created', { contact: { vendor_id: 7 } }],
    ['contact.created', { contact, actor: 'robot' }],
    ['payment.created', { contact, subscription: { total_paid_amount: '49.00' } }],
    ['payment.created', { contact, subscription: { total_paid_amount: { ...amount, value: 49 } } }],
    ['payment.refunded', { contact }],
    ['subscription.ended', { contact, reason: 'boredom' }],
    ['membership.status_changed', { contact, membership: { status: 'active' } }],
    ['checkin.recorded', { contact, checkin: { status: 'valid', at: null } }],
    ['message.sent', { contact, message: { channel: 'SMS' } }],
  ] as const)('of %s refuses %j', (type, data) => {
    expect(v.is(EVENT_DATA[type], data)).toBe(false)
  })
})
