import { expect, it } from 'vitest'
import { conclusionOf, DAY, meaningOf, T0, type Told } from './story.ts'

const MONTH = 30 * DAY
const paid: Told = { type: 'created', at: 0, by: 'user', data: { billing_end: T0 + MONTH } }
const renewed = (data: object = {}, at = MONTH): Told => ({
  type: 'created',
  at,
  by: 'user',
  data: { total: 20, billing_end: T0 + 2 * MONTH, ...data },
})
const ended = (at: number, data: object = {}): Told => ({
  type: 'deleted',
  at,
  by: 'Dashboard',
  data,
})
const silver = { tier: 'Silver', recurring: 5 }

it.each<[string, Told[], string]>([
  [
    'at the end of the period, at its price, is a renewal for sure',
    [paid, renewed()],
    'renewal strong',
  ],
  [
    'at its price without a known period is likely a renewal',
    [
      { ...paid, data: {} },
      { ...paid, at: MONTH, data: { total: 20 } },
    ],
    'renewal likely',
  ],
  [
    'for a period that does not follow the last one is likely a renewal',
    [paid, renewed({ billing_end: T0 + 2 * MONTH + 240 }, MONTH + 240)],
    'renewal likely',
  ],
  [
    'that is late is not known to be a renewal',
    [paid, renewed({}, MONTH + 10 * DAY)],
    'unknown none',
  ],
  [
    'that is late after a failed charge is likely a renewal',
    [
      paid,
      { type: 'updated', at: MONTH, by: 'System', data: { billing_end: T0 + MONTH } },
      renewed({}, MONTH + 10 * DAY),
    ],
    'renewal likely',
  ],
  [
    'at another price at the end of the period is likely a renewal',
    [paid, renewed({ total: 18 })],
    'renewal likely',
  ],
  [
    'that an admin made is likely a renewal',
    [paid, { ...renewed(), by: 'Dashboard' }],
    'renewal likely',
  ],
  [
    'in the same period is not the renewal',
    [paid, renewed({ billing_end: T0 + MONTH }, 9 * DAY)],
    'unknown none',
  ],
  [
    'months after the period is not known to be a renewal',
    [paid, renewed({}, 200 * DAY)],
    'unknown none',
  ],
  [
    'of nothing is nothing',
    [
      { ...paid, data: { recurring: 0, total: 0 } },
      { ...paid, at: MONTH, data: { recurring: 0, total: 0 } },
    ],
    'unknown none',
  ],
  ['with free access is nothing', [paid, renewed({ whitelisted: true })], 'unknown none'],
  ['of nothing is nothing, the first one too', [{ ...paid, data: { total: 0 } }], 'unknown none'],
  [
    'after one of nothing is the first',
    [{ ...paid, data: { total: 0 } }, renewed({ total: 10 })],
    'first_purchase likely',
  ],
  [
    'that begins a trial is nothing',
    [{ ...paid, data: { total: 0, trial_end: T0 + 7 * DAY } }],
    'unknown none',
  ],
  [
    'after a trial is the first',
    [
      { ...paid, data: { total: 0, trial_end: T0 + 7 * DAY } },
      { ...paid, at: 7 * DAY, data: { total: 10, trial_end: T0 + 7 * DAY } },
    ],
    'first_purchase likely',
  ],
  [
    'after free access is the first',
    [
      {
        ...paid,
        by: 'Dashboard',
        data: { total: 0, recurring: 0, whitelisted: true, first_payment: null },
      },
      { ...paid, at: MONTH, data: { total: 10, first_payment: T0 + MONTH } },
    ],
    'first_purchase likely',
  ],
  [
    'once, whatever it is called, is one',
    [{ ...paid, data: { tier: 'Support us', billing_interval: null, recurring: 0 } }],
    'one_time likely',
  ],
  [
    'after an end of a plan that nobody knows may be its renewal',
    [ended(5 * DAY, { tier: null, billing_interval: null }), renewed({}, 90 * DAY)],
    'unknown none',
  ],
  [
    'after an end is the first of another subscription',
    [paid, ended(5 * DAY), renewed({}, 90 * DAY)],
    'first_purchase likely',
  ],
  [
    'at the new price, when the plan renews after its end, is a renewal',
    [paid, ended(5 * DAY, { billing_end: T0 + MONTH }), renewed({ recurring: 12, total: 22 })],
    'renewal likely',
  ],
  [
    'at a new price long after an end is the first of another subscription',
    [paid, ended(3 * DAY), renewed({ recurring: 12, total: 22 }, 280 * DAY)],
    'first_purchase likely',
  ],
  [
    'after a switch whose end came last is a renewal',
    [
      { ...paid, data: { ...silver, total: 5 } },
      { ...paid, at: 9 * DAY, data: { total: 15, billing_end: T0 + 39 * DAY } },
      ended(9 * DAY + 2, { ...silver, total: 5 }),
      renewed({ total: 25, billing_end: T0 + 69 * DAY }, 39 * DAY),
    ],
    'renewal strong',
  ],
  [
    'seconds after the end of another plan is a switch for sure',
    [
      paid,
      ended(9 * DAY, { billing_end: T0 + MONTH }),
      renewed({ tier: 'Platinum', recurring: 20, total: 30 }, 9 * DAY + 3),
    ],
    'plan_switch strong',
  ],
  [
    'for another plan while the period runs is likely a switch',
    [paid, renewed({ tier: 'Platinum', recurring: 20, total: 30 }, 9 * DAY)],
    'plan_switch likely',
  ],
  [
    'under another name when the plan renews is not known to be a switch',
    [paid, renewed({ tier: 'Golden Plus' })],
    'unknown none',
  ],
  [
    'for a plan that is called a donation is a renewal',
    [
      { ...paid, data: { tier: 'Monthly Donation 10', billing_end: T0 + MONTH } },
      renewed({ tier: 'Monthly Donation 10' }),
    ],
    'renewal strong',
  ],
  [
    'for a gifted club is no gift',
    [{ ...paid, data: { tier: 'Gifted & Talented Club' } }],
    'first_purchase likely',
  ],
  [
    'once, for what is called a gift, is a gift',
    [paid, renewed({ tier: 'Gift of a year', billing_interval: null })],
    'gift likely',
  ],
  [
    'of a weekly plan that is called a gift is for a plan',
    [{ ...paid, data: { tier: 'Gift box', billing_interval: 'Weekly' } }],
    'first_purchase likely',
  ],
  [
    'for a plan after a donation is not known to be a renewal',
    [
      { ...paid, data: { tier: 'Donation', billing_interval: 'One-time', total: 50 } },
      renewed({ total: 60 }),
    ],
    'unknown none',
  ],
])('a payment %s', (_fact, story, conclusion) => {
  expect(conclusionOf(meaningOf(...story))).toBe(conclusion)
})
