// The text of a result.
import { expect, it } from 'vitest'
import { isMet } from './bench.ts'
import { printed } from './print.ts'

const fast = { what: 'throughput', figure: 0.91, unit: '×', atLeast: 0.85 }
const slow = { what: 'p99', figure: 1.4, unit: '×', atMost: 1.3 }

it('prints tables in columns, and each goal with the figure that was reached', () => {
  const tables = [{ title: 'Rates', columns: ['', 'a second'], rows: [['relay', 1234]] }]
  expect(printed({ notes: ['Two targets.'], tables, goals: [fast, slow] })).toBe(
    `Two targets.

Rates
       a second
relay     1,234

reached     throughput: 0.91× (goal: at least 0.85×)
NOT REACHED p99: 1.4× (goal: at most 1.3×)`,
  )
})

it('does not count a goal without a figure as reached', () => {
  expect([fast, slow].map(isMet)).toEqual([true, false])
  expect(isMet({ ...slow, figure: Number.NaN })).toBe(false)
})
