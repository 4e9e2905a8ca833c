// The decisions behind an event, each with its reason.
import { expect, it } from 'vitest'
import { decisionsOf } from '../../../../src/core/events/explain/decisions.ts'

const explained = {
  type: 'payment.failed',
  vendortype: 'payment.updated',
  status: 'accepted',
  personid: null,
  matched: null,
  event: {
    time: '2026-11-21T00:00:00Z',
    typebasis: 'body',
    timebasis: 'envelope',
    data: {
      subscription: { total_paid_amount: { value: '10', unit: 'unspecified', currency: null } },
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
      because:
        'the vendor sent payment.updated (named in the body); inferred as payment.failed, see below',
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
      because: "the total stayed at 10, and the vendor's system acted",
      events: ['evt_1'],
    },
  ])
})

it('has only the conclusion about a payment of the type that the vendor sent', () => {
  const data = {
    payment: { kind: 'renewal' },
    inference: { basis: ['same_tier'], confidence: 'likely' },
  }
  const renewal = {
    ...explained,
    type: 'payment.created',
    vendortype: 'payment.created',
    event: { ...explained.event, data },
  }

  expect(decisionsOf(renewal).map(({ what, is, because }) => [what, is, because])).toEqual([
    ['type', 'payment.created', 'the vendor sent payment.created (named in the body)'],
    ['time', '2026-11-21T00:00:00Z', 'from the envelope of the message'],
    ['inference', 'renewal (likely)', 'the tier is the same'],
  ])
})

it('explains an inferred event by other events, not by a message', () => {
  const inferred = decisionsOf({ ...explained, status: 'inferred' })

  expect(inferred.slice(0, 2).map(({ what, because }) => [what, because])).toEqual([
    ['type', 'inferred from other events'],
    ['time', 'that of its cause'],
  ])
})

it('leaves out the decisions about an event of the relay that have no reason', () => {
  const own = { ...explained, vendortype: null, type: 'relay.target_paused', event: { time: 't' } }
  const test = { ...own, type: 'relay.test', event: { ...own.event, test: true } }

  expect(decisionsOf(own)).toEqual([])
  expect(decisionsOf(test).map(({ what, because }) => [what, because])).toEqual([
    ['test', 'a test by an operator'],
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
