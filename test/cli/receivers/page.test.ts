// The tables that the matrix of receivers writes into docs/frameworks.md (test/receivers).
import { expect, it } from 'vitest'
import type { Result } from '../../receivers/measure.ts'
import { withRecipes, withTables } from '../../receivers/page.ts'

const PAGE = `Before.

<!-- date: begin -->
<!-- date: end -->

<!-- frameworks: begin -->
an older table
<!-- frameworks: end -->

After.
`

const SMALL = {
  payment: 'event',
  checkin: 'event',
  slack: 'event',
  raw: 'event',
  'two secrets': 'event',
} as const

const RESULT: Result = {
  receiver: {
    name: 'express',
    title: 'Express 5',
    language: 'javascript',
    kind: 'framework',
    packages: { express: '5.3.0', standardwebhooks: '1.1.1' },
  },
  defaults: { ...SMALL, mail: 413, structured: 'nothing' },
  limit: 102_400,
  problems: [],
}

it('replaces a table, and keeps what is around it', () => {
  const written = withTables(PAGE, [RESULT], new Date('2026-12-01T08:00:00Z'), 'Node.js 24.21.0')

  expect(written).toBe(`Before.

<!-- date: begin -->
Measured on 2026-12-01, with Node.js 24.21.0.
<!-- date: end -->

<!-- frameworks: begin -->
| framework | version | gets the event | largest body | as \`application/cloudevents+json\` | class of two fields |
| --- | --- | --- | --- | --- | --- |
| Express 5 | 5.3.0 | yes | 102,400 bytes | **nothing**, answers 2xx |  |
<!-- frameworks: end -->

After.
`)
  expect(withTables(written, [RESULT], new Date('2026-12-01T08:00:00Z'), 'Node.js 24.21.0')).toBe(
    written,
  )
})

it.each<[defaults: NonNullable<Result['defaults']>, limit: number, cells: string]>([
  [{ ...SMALL, structured: 415 }, 1_500_000, 'yes | any delivery | refused: 415'],
  [
    { ...SMALL, raw: 'nothing', structured: 'event' },
    65_536,
    '**nothing**, answers 2xx | 65,536 bytes | yes',
  ],
  [{ ...SMALL, checkin: 400, structured: 400 }, 0, 'refused: 400 | 0 bytes | refused: 400'],
])('says in words what %o is', (defaults, limit, cells) => {
  expect(withTables(PAGE, [{ ...RESULT, defaults, limit }], new Date(0), '')).toContain(
    `| Express 5 | 5.3.0 | ${cells} |  |`,
  )
})

it.each<[fields: NonNullable<Result['fields']>, cells: string]>([
  [{ payment: 'event', structured: 'event' }, 'refused: 400 | yes'],
  [{ payment: 'event', structured: 'nothing' }, '**nothing**, answers 2xx | yes'],
  [{ payment: 500, structured: 500 }, 'refused: 400 | refused: 500'],
])('shows what a class loses by the type of CloudEvents: %o', (fields, cells) => {
  const result: Result = { ...RESULT, defaults: { ...SMALL, structured: 400 }, fields }

  expect(withTables(PAGE, [result], new Date(0), '')).toContain(`| 102,400 bytes | ${cells} |`)
})

it('does not blame the type for a class that refuses the event by any type', () => {
  const fields = { payment: 500, structured: 500 }
  const result: Result = { ...RESULT, defaults: { ...SMALL, structured: 'event' }, fields }

  expect(withTables(PAGE, [result], new Date(0), '')).toContain('| yes | refused: 500 |')
})

it('refuses a marker that names no recipe', () => {
  expect(() => withRecipes('<!-- recipe: nobody -->\n```\n```\n')).toThrow('no recipe of nobody')
})
