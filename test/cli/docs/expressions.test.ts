// The expressions of docs/configuration.md, and the mistakes that it names, evaluated as the Worker does.
import { describe, expect, it } from 'vitest'
import { compile } from '../../../src/config/expression.ts'
import { anEvent } from '../../core/builders.ts'
import { readPages, tableOf } from './pages.ts'

const page = readPages().find(({ name }) => name === 'docs/configuration.md')
const rows = tableOf(page ?? { name: '', text: '' }, 'you want', 'write', 'note')

const aPurchase = (amount: string | null) =>
  anEvent({
    data: { purchase: { amount: amount && { value: amount, unit: 'major', currency: null } } },
  })
const aMember = (...names: string[]) =>
  anEvent({ data: { membership: { packages: names.map((name) => ({ name })) } } })
const at = (time: string) => anEvent({ time })
const aCheckin = (local: string) => anEvent({ data: { checkin: { at_local: local } } })

/** By the purpose of an expression: events, and what it returns for them. */
const RESULTS: Record<string, [event: ReturnType<typeof anEvent>, result: unknown][]> = {
  'purchases above 90': [
    [aPurchase('99.00'), true],
    [aPurchase('9.00'), false],
    [aPurchase('100'), true],
    [aPurchase(null), undefined],
  ],
  'members who have Gold': [
    [aMember(), false],
    [aMember('Gold'), true],
    [aMember('Gold', 'Yoga'), true],
    [aMember('Yoga'), false],
  ],
  'the names of all packages': [
    [aMember(), { names: [] }],
    [aMember('Gold'), { names: ['Gold'] }],
    [aMember('Gold', 'Yoga'), { names: ['Gold', 'Yoga'] }],
  ],
  'ends that are no plan switch, and all other events': [
    [anEvent({ data: { reason: 'plan_switch' } }), false],
    [anEvent({ data: { reason: 'dunning' } }), true],
    [anEvent({ data: {} }), true],
  ],
  'a text in base64': [
    [anEvent({ data: { contact: { full_name: 'Łucja' } } }), 'xYF1Y2ph'],
    [anEvent({ data: { contact: {} } }), undefined],
  ],
  'a time in another form': [
    [at('2026-11-21T18:09:17Z'), '21.11.2026 18:09'],
    [at('2026-11-21T18:09:17.916Z'), '21.11.2026 18:09'],
  ],
  'a time with an offset': [[at('2026-11-21T18:09:17Z'), '22.11.2026 02:09']],
  'a local time as a number': [
    [aCheckin('2026-11-21T10:00:00'), Date.parse('2026-11-21T10:00:00Z')],
  ],
}

describe('an expression of docs/configuration.md', () => {
  it.each(rows)('gives %s: %s', async (purpose, code = '') => {
    const results = RESULTS[purpose] ?? []
    const expression = compile(code.slice(1, -1))

    const seen = await Promise.all(results.map(([event]) => expression(event)))

    expect(results.length).toBeGreaterThan(0)
    expect(JSON.stringify(seen)).toBe(JSON.stringify(results.map(([, result]) => result)))
  })

  it('is there for each purpose', () => {
    expect(rows.map(([purpose]) => purpose)).toEqual(Object.keys(RESULTS))
  })
})

describe('a mistake that docs/configuration.md names', () => {
  it.each([
    ['data.membership.packages.name = "Gold"', aMember('Gold'), true],
    ['data.membership.packages.name = "Gold"', aMember('Gold', 'Yoga'), false],
    ['{ "names": data.membership.packages.name }', aMember('Gold'), { names: 'Gold' }],
    ['{ "names": data.membership.packages.name }', aMember(), {}],
    ['data.reason != "plan_switch"', anEvent({ data: {} }), false],
    ['$round(86.625, 2)', anEvent(), 86.62],
  ])('has the result that the page says: %s', async (code, event, result) => {
    expect(await compile(code)(event)).toEqual(result)
  })

  it.each([
    ['data.purchase.amount.value > 90', aPurchase('99.00')],
    ['$fromMillis($toMillis(time), "[H01]:[m01]", "+08:00")', at('2026-11-21T18:09:17Z')],
    ['$base64decode("/w==")', anEvent()],
    ['$fromMillis($toMillis(time), "[H01]:[m01]", "Australia/Perth")', at('2026-11-21T18:09:17Z')],
  ])('is an error: %s', async (code, event) => {
    await expect(compile(code)(event)).rejects.toBeDefined()
  })
})
