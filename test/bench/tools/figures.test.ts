// The arithmetic of the benches, with numbers made by hand.
import { expect, it } from 'vitest'
import { alternate, inRounds, median, percentile, ratiosOf, spreadText } from './figures.ts'

const hundred = Array.from({ length: 100 }, (_, i) => 100 - i)

it('takes as a percentile the least value that so large a share does not exceed', () => {
  expect(percentile(hundred, 0.5)).toBe(50)
  expect(percentile(hundred, 0.99)).toBe(99)
  expect(percentile(hundred, 1)).toBe(100)
  expect(percentile([7], 0.01)).toBe(7)
  expect(percentile([], 0.5)).toBeNaN()
})

it('takes as the median of an even count the mean of the two in the middle', () => {
  expect(median([9, 1, 2])).toBe(2)
  expect(median([4, 1, 3, 2])).toBe(2.5)
  expect(median([])).toBeNaN()
})

it('takes the ratio of each round, and then their median', () => {
  const rounds = [
    [80, 100],
    [45, 50],
    [300, 300],
  ] as const
  const ratios = ratiosOf(rounds, (figure) => figure)
  expect(ratios).toEqual({ median: 0.9, low: 0.8, high: 1 })
  expect(spreadText(ratios)).toBe('0.90 (0.80–1.00)')
})

it('alternates the turns of both sides, and leaves out the first of each', async () => {
  const turns: string[] = []
  const side = (name: string) => async () => turns.push(name)
  const pairs = await alternate(2, side('a'), side('b'))
  expect(turns).toEqual(['a', 'b', 'a', 'b', 'a', 'b'])
  expect(pairs).toEqual([
    [3, 4],
    [5, 6],
  ])
})

it('combines short turns into rounds, for each side', () => {
  const sum = (turns: number[]) => turns.reduce((all, one) => all + one, 0)
  const pairs: [number, number][] = [
    [1, 10],
    [2, 20],
    [3, 30],
    [4, 40],
    [5, 50],
  ]
  expect(inRounds(pairs, 2, sum)).toEqual([
    [3, 30],
    [7, 70],
    [5, 50],
  ])
})
