// Complete valid values for tests, in which each test overrides the members that it is about.

import type { BrokenTarget, Target } from '../../src/core/deliveries/target.ts'
import type { MembershipEvent } from '../../src/core/events/event.ts'

export function anEvent(overrides: object = {}): MembershipEvent {
  return {
    specversion: '1.0',
    id: 'evt_1jkm0300007',
    type: 'contact.created',
    source: '/hapana/sites/S1',
    subject: 'contact/C1',
    time: '2026-11-21T00:00:00Z',
    datacontenttype: 'application/json',
    dataschema: 'https://relay.example/schemas/contact.created/1',
    relaysource: 'hapana',
    vendor: 'hapana',
    vendortype: 'accountCreated',
    receivedat: '2026-11-21T00:00:00Z',
    timebasis: 'received',
    typebasis: 'body',
    mappingversion: 1,
    data: { contact: { vendor_id: 'C1' } },
    ...overrides,
  } as MembershipEvent
}

export function aTarget(overrides: Partial<Target> = {}): Target {
  return {
    name: 'crm',
    url: 'https://crm.example/hook',
    events: ['*'],
    sources: undefined,
    where: undefined,
    format: 'cloudevents',
    transform: undefined,
    contentType: undefined,
    secrets: [],
    headers: [],
    include: [],
    retry: [5],
    intervalMs: undefined,
    ordered: false,
    orderWaitSeconds: 3600,
    timeoutSeconds: 15,
    settleSeconds: 0,
    test: true,
    enabled: true,
    ...overrides,
  }
}

export function aBrokenTarget(overrides: Partial<BrokenTarget> = {}): BrokenTarget {
  return {
    name: 'crm',
    events: ['*'],
    sources: undefined,
    broken: 'TARGETS[0].url: must be https',
    ...overrides,
  }
}
