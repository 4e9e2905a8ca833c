// Text output does not change the terminal.
import { expect, it } from 'vitest'
import { printable } from '../../../src/cli/relay/output.ts'

it.each([
  ['Zoë · 日本\nsecond line', 'Zoë · 日本\nsecond line'],
  ['\u001b]0;title\u0007\u001b[2J', '�]0;title��[2J'],
  ['over\rwritten, \u009b31m', 'over�written, �31m'],
])('prints %j as %j', (text, shown) => {
  expect(printable(text)).toBe(shown)
})
