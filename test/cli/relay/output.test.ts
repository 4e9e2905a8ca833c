// Text output does not change the terminal.
import { describe, expect, it } from 'vitest'
import { type Column, csvCell, tableOf } from '../../../src/cli/relay/columns.ts'
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

describe('a list', () => {
  const NOW = Date.parse('2026-12-01T12:00:00Z')
  const columns: Column<{ at: string; name: string; count: number }>[] = [
    { name: 'at', value: ({ at }) => at, isTime: true },
    { name: 'name', value: ({ name }) => name, isCut: true },
    { name: 'count', value: ({ count }) => count },
  ]

  it('shows short times, and cuts only what may be cut, to 100 columns', () => {
    const items = [
      { at: '2026-12-01T07:18:03.120Z', name: 'a'.repeat(150), count: 3 },
      { at: '2026-11-30T07:18:03.120Z', name: 'b', count: 12 },
      { at: '2025-11-30T07:18:03.120Z', name: 'c', count: 1 },
    ]
    const [head, ...rows] = tableOf(columns, items, NOW).split('\n')

    expect(head).toMatch(/^at \(UTC\) {5}name +count$/)
    expect(rows[0]).toMatch(/^07:18:03 {5}a{79}… {6}3$/)
    expect(rows.map((row) => row.slice(0, 11))).toEqual([
      '07:18:03   ',
      '11-30 07:18',
      '2025-11-30 ',
    ])
    expect(Math.max(...rows.map((row) => row.length))).toBe(100)
  })

  it.each([
    ['plain', 'plain'],
    ['a,b "c"\nd', '"a,b ""c""\nd"'],
    ['=HYPERLINK("https://evil.example")', `"'=HYPERLINK(""https://evil.example"")"`],
    ['+61 400', "'+61 400"],
    [-1, '-1'],
  ])('writes the cell %j of CSV as %j', (value, cell) => {
    expect(csvCell(value)).toBe(cell)
  })
})
