// What the publishers of a world sell: plans of all lengths, some with names that mislead.
import type { Random } from '../../weather/machine/random.ts'

export const DAY = 86_400_000

export type Plan = {
  tier: string
  interval: 'Weekly' | 'Monthly' | 'Quarterly' | 'Annual'
  /** In cents. */
  price: number
}

/** A price change for a whole tier. */
export type PriceChange = { at: number; tier: string; price: number }

export type Publisher = { id: string; plans: Plan[]; changes: PriceChange[] }

/** The length of a period. A month has 30 days here, as nothing is promised of it. */
export const PERIOD_DAYS = { Weekly: 7, Monthly: 30, Quarterly: 91, Annual: 365 }

// An interval says that it is a plan, whatever the plan is called.
const NAMES = [
  ...['Golden Supporter', 'Silver', 'Insider', 'Founding Member', 'Reader', 'All Access'],
  ...['Monthly Donation 10', 'Gifted & Talented Club', 'Donor Circle', 'Gift of Sound'],
]

/** A publisher with its plans, and the price changes of its tiers. */
export function publisherOf(n: number, random: Random, start: number, days: number): Publisher {
  const names = shuffled(NAMES, random).slice(0, 4)
  const plans = names.map((tier): Plan => {
    const interval = random.pick(['Monthly', 'Monthly', 'Monthly', 'Weekly', 'Quarterly', 'Annual'])
    const price = random.pick([995, 1000, 1990, 2500, 5000])
    return {
      tier,
      interval: interval as Plan['interval'],
      price: interval === 'Annual' ? price * 10 : price,
    }
  })
  const changed = plans.filter(() => random.chance(0.25))
  const changes = changed.map(({ tier, price }) => ({
    ...{ tier, price: price + random.pick([200, 500, -100]) },
    at: start + random.between(60, days - 60) * DAY,
  }))
  return { id: `9f8e7d6c-aaaa-4bbb-8ccc-00000000${String(1000 + n)}`, plans, changes }
}

/** A list in another order. */
export function shuffled<T>(list: readonly T[], random: Random): T[] {
  const keyed = list.map((item) => ({ item, key: random.next() }))
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item)
}
