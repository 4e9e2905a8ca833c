import { describe, expect, it } from 'vitest'
import { hype } from '../../../src/vendors/hype/index.ts'
import { conclusionOf, DAY, eventOf, meaningOf, T0, type Told } from './story.ts'

const MONTH = 30 * DAY
const paid: Told = { type: 'created', at: 0, by: 'user' }
const ended = (at: number, data: object = {}, by = 'Dashboard'): Told => ({
  type: 'deleted',
  at,
  by,
  data,
})
const failed = (at: number): Told => ({ type: 'updated', at, by: 'System' })
const silver = { tier: 'Silver', recurring: 5 }
/** The paid period goes on for weeks. */
const running = { billing_end: T0 + MONTH }
/** The paid period begins with the payment of a second after the first day. */
const begins = { billing_end: T0 + DAY + 1 + MONTH }

it.each<[string, Told[], string]>([
  ['without other events has no reason', [ended(0)], 'unknown none'],
  [
    'by the system has no reason without a failed charge',
    [paid, ended(5 * DAY, {}, 'System')],
    'unknown none',
  ],
  [
    'by the system after failed charges is dunning',
    [paid, failed(MONTH), ended(MONTH + 5 * DAY, {}, 'System')],
    'dunning likely',
  ],
  [
    'by the system after a failed charge that was made good has no reason',
    [
      paid,
      failed(MONTH),
      { ...paid, at: MONTH + DAY, data: { total: 20 } },
      ended(MONTH + 5 * DAY, { total: 20 }, 'System'),
    ],
    'unknown none',
  ],
  [
    'by an admin three weeks after the first failed charge is dunning',
    [paid, failed(MONTH), failed(MONTH + 7 * DAY), failed(MONTH + 14 * DAY), ended(51 * DAY)],
    'dunning likely',
  ],
  [
    'by an admin days after a failed charge has no reason',
    [paid, failed(MONTH), ended(35 * DAY)],
    'unknown none',
  ],
  [
    'that names no plan, after the purchase of the only one known, is no switch',
    [paid, ended(180, { tier: null, billing_interval: null })],
    'unknown none',
  ],
  [
    'that says nothing, after the purchase of the only plan known, is no switch',
    [paid, ended(180, { tier: undefined, billing_interval: undefined })],
    'unknown none',
  ],
  [
    'that names no plan, after a purchase that followed an earlier end, is no switch',
    [
      { ...paid, data: silver },
      ended(100 * DAY, silver),
      { ...paid, at: 200 * DAY },
      ended(200 * DAY + 180, { tier: null }),
    ],
    'unknown none',
  ],
  [
    'seconds before the payment of another plan, in a running period, is a switch for sure',
    [
      { ...paid, data: silver },
      { ...paid, at: DAY + 1, data: { total: 15, ...begins } },
      ended(DAY, { ...silver, ...running }),
    ],
    'plan_switch strong',
  ],
  [
    'seconds before the payment of another plan, whose period began at another time of the day, is likely a switch',
    [
      { ...paid, data: silver },
      { ...paid, at: DAY + 1, data: { total: 15, billing_end: begins.billing_end - 2000 } },
      ended(DAY, { ...silver, ...running }),
    ],
    'plan_switch likely',
  ],
  [
    'seconds before the same tier at another interval, in a running period, is a switch for sure',
    [
      paid,
      { ...paid, at: DAY + 1, data: { billing_interval: 'Weekly', ...begins } },
      ended(DAY, running),
    ],
    'plan_switch strong',
  ],
  [
    'seconds before the payment of another plan, but after its period, is likely a switch: it may have run out',
    [
      { ...paid, data: silver },
      { ...paid, at: 34 * DAY + 1, data: { total: 15 } },
      ended(34 * DAY, { ...silver, ...running }),
    ],
    'plan_switch likely',
  ],
  [
    'seconds before the payment of another plan, of which no period is told, is likely a switch',
    [{ ...paid, data: silver }, { ...paid, at: DAY + 1, data: { total: 15 } }, ended(DAY, silver)],
    'plan_switch likely',
  ],
  [
    'a minute before the payment of another plan is likely a switch',
    [{ ...paid, data: silver }, { ...paid, at: DAY + 60, data: { total: 15 } }, ended(DAY, silver)],
    'plan_switch likely',
  ],
  [
    'minutes before the payment of another plan has no reason',
    [{ ...paid, data: silver }, { ...paid, at: DAY + 240 }, ended(DAY, silver)],
    'unknown none',
  ],
  [
    'that names no plan before the renewal at another price is a price change',
    [
      { ...paid, data: { billing_end: T0 + MONTH } },
      { ...paid, at: MONTH, data: { recurring: 12, total: 22 } },
      ended(9 * DAY, { tier: null, billing_interval: null }),
    ],
    'price_change likely',
  ],
  [
    'that names no plan, beside the payment of another one than before, is likely a switch',
    [{ ...paid, data: silver }, { ...paid, at: DAY + 1 }, ended(DAY, { tier: null })],
    'plan_switch likely',
  ],
  [
    'minutes before the same plan is bought again is no switch',
    [paid, { ...paid, at: DAY + 300, data: { total: 20 } }, ended(DAY)],
    'unknown none',
  ],
  [
    'minutes before the renewal at another price is a price change',
    [paid, { ...paid, at: MONTH, data: { recurring: 12, total: 22 } }, ended(MONTH - 180)],
    'price_change likely',
  ],
  [
    'weeks before the renewal at another price is a price change',
    [paid, { ...paid, at: MONTH + 60, data: { recurring: 12, total: 22 } }, ended(9 * DAY)],
    'price_change likely',
  ],
  [
    'by nobody knows whom, before the renewal at another price, is a price change',
    [paid, { ...paid, at: MONTH, data: { recurring: 12, total: 22 } }, ended(9 * DAY, {}, 'robot')],
    'price_change likely',
  ],
  [
    'by the member before the renewal at another price has no reason',
    [paid, { ...paid, at: MONTH, data: { recurring: 12, total: 22 } }, ended(9 * DAY, {}, 'user')],
    'unknown none',
  ],
  [
    'long before a return at another price has no reason',
    [paid, { ...paid, at: 280 * DAY, data: { recurring: 12, total: 22 } }, ended(3 * DAY)],
    'unknown none',
  ],
  [
    'in the middle of the period before a return at another price has no reason',
    [
      paid,
      { ...paid, at: 20 * DAY, data: { recurring: 12, total: 22 } },
      ended(3 * DAY, { billing_end: T0 + MONTH }),
    ],
    'unknown none',
  ],
  [
    'of dunning keeps its reason when another plan is bought minutes later',
    [
      paid,
      failed(MONTH),
      failed(MONTH + 7 * DAY),
      failed(MONTH + 14 * DAY),
      { ...paid, at: 51 * DAY + 240, data: silver },
      ended(51 * DAY, {}, 'System'),
    ],
    'dunning likely',
  ],
  [
    'beside free access that an admin grants has no reason',
    [
      paid,
      { ...paid, by: 'Dashboard', at: DAY + 5, data: { ...silver, whitelisted: true } },
      ended(DAY),
    ],
    'unknown none',
  ],
  [
    'of a plan that is called a donation is a switch to another one',
    [
      { ...paid, data: { tier: 'Monthly Donation 10' } },
      {
        ...paid,
        at: DAY + 1,
        data: { tier: 'Monthly Donation 25', recurring: 25, total: 35, ...begins },
      },
      ended(DAY, { tier: 'Monthly Donation 10', ...running }),
    ],
    'plan_switch strong',
  ],
])('an end %s', (_fact, story, conclusion) => {
  expect(conclusionOf(meaningOf(...story))).toBe(conclusion)
})

it('is half of no plan change where it is no switch', () => {
  const dunning = [paid, failed(MONTH), ended(51 * DAY, {}, 'System')]

  expect(meaningOf(...dunning, { ...paid, at: 51 * DAY + 240, data: silver }).inferred).toEqual([])
  expect(meaningOf(paid, ended(180, { tier: null })).inferred).toEqual([])
  expect(meaningOf(paid, ended(DAY), { ...paid, at: DAY + 300 }).inferred).toEqual([])
})

describe('many ends of one tier at once', () => {
  const end = (contact: string, data: object = {}, by = 'Dashboard', at = 10 * DAY): Told => ({
    ...ended(at, data, by),
    contact,
  })
  const among = (...told: Told[]) => {
    const [own, ...peers] = told.map(eventOf)
    return conclusionOf(hype.interpret(own as never, { past: [], peers }))
  }

  it.each<[string, Told[], string]>([
    ['by an admin', [end('a'), end('b'), end('c'), end('d')], 'price_change none'],
    ['are few', [end('a'), end('b'), end('c')], 'unknown none'],
    ['of one contact', [end('a'), end('b'), end('b'), end('b')], 'unknown none'],
    ['of other tiers', [end('a'), ...['b', 'c', 'd'].map((id) => end(id, silver))], 'unknown none'],
    ['by the system', ['a', 'b', 'c', 'd'].map((id) => end(id, {}, 'System')), 'unknown none'],
    [
      'of other publishers',
      [end('a'), ...['b', 'c', 'd'].map((id) => ({ ...end(id), publisher: 'q' }))],
      'unknown none',
    ],
    [
      'minutes apart',
      [end('a'), ...['b', 'c', 'd'].map((id, i) => end(id, {}, 'Dashboard', 9 * DAY + i))],
      'unknown none',
    ],
  ])('%s', (_case, told, conclusion) => {
    expect(among(...told)).toBe(conclusion)
  })
})
