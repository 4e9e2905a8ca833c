// What commands print for people leaves their terminal as it is.
import { expect, it } from 'vitest'
import { visible } from '../../src/cli/relay/output.ts'

it.each([
  ['Zoë · 日本\nsecond line', 'Zoë · 日本\nsecond line'],
  ['\u001b]0;title\u0007\u001b[2J', '�]0;title��[2J'],
  ['over\rwritten, \u009b31m', 'over�written, �31m'],
])('%j is shown as %j', (text, shown) => {
  expect(visible(text)).toBe(shown)
})
