// The decisions behind an event, each with its reason.
import { expect, it } from 'vitest'
import { decisionsOf } from '../../../src/core/events/decisions.ts'

const explained = {
  type: 'payment.failed',
  vendortype: 'payment.updated',
  status: 'accepted',
  personid: null,
  matched: null,
  event: {
    time: '2026-11-21T00:00:00Z',
    typebasis: 'history',
    timebasis: 'envelope',
    data: {
      inference: {
        basis: ['total_unchanged', 'actor_system'],
        confidence: 'likely',
        evidence: ['evt_1'],
      },
    },
  },
}

it('names the rule or the inference behind each decision', () => {
  expect(decisionsOf(explained)).toEqual([
    {
      what: 'type',
      is: 'payment.failed',
      because: 'the vendor sent payment.updated; inferred from other events',
      events: [],
    },
    {
      what: 'time',
      is: '2026-11-21T00:00:00Z',
      because: 'from the envelope of the message',
      events: [],
    },
    {
      what: 'inference',
      is: 'payment.failed (likely)',
      because: "total unchanged, made by the vendor's system",
      events: ['evt_1'],
    },
  ])
})

it('names the event that a message repeats', () => {
  const repeat = {
    ...explained,
    status: 'duplicate',
    matched: { id: 'evt_0', by: 'content' },
    event: null,
  }

  expect(decisionsOf(repeat).map(({ what, events }) => [what, events])).toEqual([
    ['type', []],
    ['duplicate', ['evt_0']],
  ])
})
