// The links of the documentation: every relative link and anchor of a page resolves, and the README is short.
import { describe, expect, it } from 'vitest'
import { brokenLinks } from './links.ts'
import { type Page, readPages } from './pages.ts'

const pages = readPages()

it('is a README of at most 250 lines, a changelog, and a page for each subject', () => {
  const readme = pages.find(({ name }) => name === 'README.md')

  expect(readme?.text.trimEnd().split('\n').length).toBeLessThanOrEqual(250)
  expect(pages.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'CHANGELOG.md',
      'docs/api.md',
      'docs/benchmarks.md',
      'docs/cli.md',
      'docs/configuration.md',
      'docs/costs.md',
      'docs/events.md',
      'docs/guarantees.md',
      'docs/internals.md',
      'docs/operate.md',
      'docs/receiving.md',
    ]),
  )
})

it('has all its pages listed in the README', () => {
  const [readme] = pages
  const missing = pages
    .map(({ name }) => name)
    .filter((name) => !readme?.text.includes(`(${name})`))

  expect(missing).toEqual(['README.md'])
})

describe.each(pages)('$name', (page) => {
  it('has no broken link', () => {
    expect(brokenLinks(page, pages)).toEqual([])
  })

  it('begins with a title and one sentence about its purpose', () => {
    expect(page.text).toMatch(/^# .+\n\n[A-Z][^\n]+(\n[^\n]+)*\n\n/)
  })
})

describe('the check of links', () => {
  const aPage = (text: string, name = 'docs/api.md'): Page => ({ name, text })

  it.each([
    ['nothing.md'],
    ['../docs/nothing.md#here'],
    ['../README.md#no-such-heading'],
    ['#no-such-heading'],
    ['pictures/nothing.png'],
  ])('finds the broken link %s', (link) => {
    expect(brokenLinks(aPage(`# Title\n\nSee [this](${link}).\n`), pages)).toEqual([link])
  })

  it.each([
    ['../README.md'],
    ['../README.md#quick-start'],
    ['operate.md#what-happens-when'],
    ['#a-title-with-code-and-a-link'],
    ['#twice-1'],
    ['https://example.com/nothing#here'],
  ])('accepts the link %s', (link) => {
    const text = `# A title: with \`code\`, and [a link](../README.md)\n\n## Twice\n\n## Twice\n\n[this](${link})\n`

    expect(brokenLinks(aPage(text), pages)).toEqual([])
  })

  it('follows links with a separate definition', () => {
    const text = '# Title\n\nSee [one] and [two].\n\n[one]: #title\n[two]: nothing.md\n'

    expect(brokenLinks(aPage(text), pages)).toEqual(['nothing.md'])
  })

  it('ignores links and headings in fenced blocks', () => {
    const text = '# Title\n\n```md\n# Inside\n[x](nothing.md)\n```\n\n[y](#inside)\n'

    expect(brokenLinks(aPage(text), pages)).toEqual(['#inside'])
  })
})
