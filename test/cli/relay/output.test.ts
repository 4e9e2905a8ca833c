// Text output does not change the terminal.
import { expect, it } from 'vitest'
import { printable } from '../../../src/cli/relay/output.ts'
import { table } from '../../../src/cli/table.ts'

it.each([
  ['Zoë · 日本\nsecond line', 'Zoë · 日本\nsecond line'],
  ['\u001b]0;title\u0007\u001b[2J', '�]0;title��[2J'],
  ['Ana\u202e9 · \u2067x\u2069', 'Ana\\u202e9 · \\u2067x\\u2069'],
  ['over\rwritten, \u009b31m', 'over�written, �31m'],
])('prints %j as %j', (text, shown) => {
  expect(printable(text)).toBe(shown)
})

it('prints a row of a table as one line, whatever is in its cells', () => {
  const rows = [
    ['C1\n2026-11-21  evt_1', 1],
    ['C\u202e2', 20],
  ]
  expect(table(['contact', 'count'], rows)).toBe(
    'contact               count\nC1 2026-11-21  evt_1      1\nC2                       20',
  )
})
