// docs/frameworks.md against the matrix that makes it (test/receivers), without running any framework.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { recipeOf } from '../../receivers/languages.ts'
import { PAGE, withRecipes } from '../../receivers/page.ts'
import { versionOf } from '../../receivers/receiver.ts'
import { RECEIVERS } from '../../receivers/receivers.ts'
import { type Page, tableOf } from './pages.ts'

const text = readFileSync(PAGE, 'utf8')
const page: Page = { name: 'docs/frameworks.md', text }
const frameworks = RECEIVERS.filter(({ kind }) => kind === 'framework')

const rows = tableOf(
  page,
  'framework',
  'version',
  'gets the event',
  'largest body',
  'as `application/cloudevents+json`',
  'class of two fields',
)

it('shows each recipe as the matrix runs it', () => {
  expect(withRecipes(text)).toBe(text)
})

describe.each(frameworks.map((receiver) => [receiver.title, receiver] as const))(
  '%s',
  (title, receiver) => {
    it('is in the table, with the version that is measured', () => {
      expect(rows.map(([name, version]) => [name, version])).toContainEqual([
        title,
        versionOf(receiver),
      ])
    })

    it.runIf(recipeOf(receiver) !== undefined)('has its recipe on the page', () => {
      expect(text).toContain(`<!-- recipe: ${receiver.name} -->`)
    })
  },
)

it('has only frameworks that get the event with their defaults, and at least 25', () => {
  expect(rows.length).toBe(frameworks.length)
  expect(rows.length).toBeGreaterThanOrEqual(25)
  expect(rows.filter(([, , gets]) => gets !== 'yes')).toEqual([])
})

// Known answers of findings/json-suffix.sh.
it.each(['Express 5', 'Bottle', 'Gin'])(
  'tells that %s loses a type that ends in +json',
  (title) => {
    const [row] = rows.filter(([name]) => name === title)

    expect(row?.[4]).toBe('**nothing**, answers 2xx')
  },
)
