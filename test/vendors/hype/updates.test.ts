import { expect, it } from 'vitest'
import { conclusionOf, DAY, meaningOf, type Told } from './story.ts'

const paid: Told = { type: 'created', at: 0, by: 'user' }
const updated = (
  by: string | undefined,
  data: object,
  at = DAY,
  more: Partial<Told> = {},
): Told => ({
  type: 'updated',
  at,
  ...(by === undefined ? {} : { by }),
  data,
  ...more,
})

it.each<[string, Told[], string]>([
  [
    'a total that an admin lowered is a refund for sure, of an amount that is likely',
    [{ ...paid, data: { total: 30 } }, updated('Dashboard', { total: 20 })],
    'payment.refunded strong 10',
  ],
  [
    'a total that fell by the system is a refund that is likely',
    [{ ...paid, data: { total: 20 } }, updated('System', { total: 10 })],
    'payment.refunded likely 10',
  ],
  [
    'a total that fell by the member is a refund that is likely',
    [{ ...paid, data: { total: 20 } }, updated('user', { total: 10 })],
    'payment.refunded likely 10',
  ],
  [
    'a total that fell while access is free is a refund that is likely',
    [paid, updated('Dashboard', { total: 0, whitelisted: true })],
    'payment.refunded likely 10 in full',
  ],
  [
    'a total that fell between events without a time of the vendor is likely',
    [{ ...paid, timed: false }, updated('Dashboard', { total: 0 }, 60, { timed: false })],
    'payment.refunded likely 10 in full',
  ],
  [
    'a copy of an earlier update, after a renewal, is likely',
    [
      { ...paid, data: { total: 30 } },
      updated('Dashboard', { total: 20 }),
      { ...paid, at: 30 * DAY, data: { total: 30 } },
      updated('Dashboard', { total: 20 }, 31 * DAY),
    ],
    'payment.refunded likely 10',
  ],
  [
    'the noise of a float is no refund',
    [{ ...paid, data: { total: 29.970000000000002 } }, updated('System', { total: 29.97 })],
    'payment.failed likely',
  ],
  [
    'an amount has the precision of money',
    [{ ...paid, data: { total: 59.699999999999996 } }, updated('Dashboard', { total: 39.8 })],
    'payment.refunded strong 19.9',
  ],
  [
    'what floats leave of nothing is nothing',
    [paid, updated('Dashboard', { total: 5.551115123125783e-17 })],
    'payment.refunded strong 10 in full',
  ],
  [
    'a third decimal is money where no currency is known',
    [{ ...paid, data: { total: '1.500' } }, updated('Dashboard', { total: '1.495' })],
    'payment.refunded strong 0.005',
  ],
  [
    'a total from before the currency was configured compares with one after',
    [paid, updated('System', {}, DAY, { currency: 'USD' })],
    'payment.failed likely',
  ],
  [
    'totals of two currencies do not compare',
    [{ ...paid, currency: 'EUR' }, updated('System', {}, DAY, { currency: 'USD' })],
    'payment.updated none',
  ],
  [
    'a declined renewal is no failed charge',
    [paid, updated('user', { final_payment: 1_795_000_000 })],
    'payment.updated none',
  ],
  [
    'a renewal that is no longer declined is no failed charge',
    [{ ...paid, data: { final_payment: 1_795_000_000 } }, updated('user', { final_payment: null })],
    'payment.updated none',
  ],
  [
    'a failed charge of a plan that was declined before is one',
    [
      { ...paid, data: { final_payment: 1_795_000_000 } },
      updated('system', { final_payment: 1_795_000_000 }),
    ],
    'payment.failed likely',
  ],
  [
    'nothing is charged while access is free',
    [paid, updated('System', { whitelisted: true })],
    'payment.updated none',
  ],
  [
    'free access that an admin grants to someone unknown is no refund',
    [updated('Dashboard', { whitelisted: true, total: 0 })],
    'payment.updated none',
  ],
  [
    'where nothing was ever paid nothing is paid back',
    [updated('Dashboard', { total: 0, first_payment: null })],
    'payment.updated none',
  ],
  [
    'an update by an admin about someone unknown is likely a refund',
    [updated('Dashboard', { total: 0 })],
    'payment.refunded likely ? in full',
  ],
])('%s', (_fact, story, conclusion) => {
  expect(conclusionOf(meaningOf(...story))).toBe(conclusion)
})

it('says how certain an amount is beside it', () => {
  const { event } = meaningOf({ ...paid, data: { total: 30 } }, updated('Dashboard', { total: 20 }))

  expect(event.data).toMatchObject({
    refund: { amount: { value: '10' }, full: false, confidence: 'likely' },
    inference: { confidence: 'strong', basis: ['total_fell', 'actor_dashboard'] },
  })
})
