// An event in a sentence: what the vendor sent, what is concluded, how certainly, and compared with what.
import { expect, it } from 'vitest'
import { summaryOf } from '../../../../src/core/events/explain/summary.ts'

const event = {
  id: 'evt_1',
  vendor: 'hype',
  type: 'payment.created',
  vendortype: 'payment.created',
  status: 'accepted',
  personid: null,
  matched: null,
  issues: null,
  event: {},
}

it.each([
  [{}, 'Hype sent payment.created.'],
  [
    { vendor: 'hapana', type: 'checkin.recorded', vendortype: 'checkIn' },
    'Hapana sent checkIn, which is checkin.recorded.',
  ],
  [
    {
      type: 'payment.refunded',
      vendortype: 'payment.updated',
      event: {
        data: {
          refund: { amount: { value: '10.00' } },
          subscription: { total_paid_amount: { value: '20.00' } },
          inference: { confidence: 'strong', basis: ['total_fell'], evidence: ['evt_0'] },
        },
      },
    },
    'Hype sent payment.updated; we conclude payment.refunded (strong) of 10.00: the total fell to 20.00, compared with evt_0.',
  ],
  [
    { status: 'quarantined', event: null, issues: [{ path: 'type', message: 'is unknown' }] },
    'Hype sent payment.created; it is not understood: type is unknown.',
  ],
  [
    { status: 'duplicate', matched: { id: 'evt_0', by: 'identity' } },
    'Hype sent payment.created again: it repeats evt_0.',
  ],
  [
    { type: 'relay.target_failing', vendortype: null },
    'The relay itself reports relay.target_failing.',
  ],
])('of %j is "%s"', (change, sentence) => {
  expect(summaryOf({ ...event, ...change })).toBe(sentence)
})
