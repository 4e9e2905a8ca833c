// Why an event is what it is, in words.
import { expect, it } from 'vitest'
import { decisionsOf } from '../../../src/core/events/decisions.ts'

const decided = {
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
        basis: ['total_unchanged', 'by_system'],
        confidence: 'likely',
        evidence: ['evt_1'],
      },
    },
  },
}

it('names the rule or the inference behind each decision', () => {
  expect(decisionsOf(decided)).toEqual([
    {
      what: 'type',
      is: 'payment.failed',
      because: 'it follows from what came before; the vendor says payment.updated',
      events: [],
    },
    {
      what: 'time',
      is: '2026-11-21T00:00:00Z',
      because: 'the envelope of the message says so',
      events: [],
    },
    {
      what: 'inference',
      is: 'its type (likely)',
      because: 'total unchanged, by system',
      events: ['evt_1'],
    },
  ])
})

it('says of what a message is a repeat, and of what is not understood that much', () => {
  const repeat = {
    ...decided,
    status: 'duplicate',
    matched: { id: 'evt_0', rung: 'content' },
    event: null,
  }

  expect(decisionsOf(repeat).map(({ what, events }) => [what, events])).toEqual([
    ['type', []],
    ['duplicate', ['evt_0']],
  ])
})
