// docs/guarantees.md names the test that shows each promise and limit: each of these tests exists, with that title.
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT, readPages } from './pages.ts'

const text = readPages().find(({ name }) => name === 'docs/guarantees.md')?.text ?? ''
const named = [...text.matchAll(/"([^"\n]+)" \(([\w.-]+\.test\.ts)\)/g)].map(
  ([, title = '', file = '']) => ({ title, file }),
)

/** True when a file of this name, in whatever folder of test/, has a test of this title. */
function hasTest({ title, file }: { title: string; file: string }): boolean {
  return globSync(`test/**/${file}`, { cwd: ROOT }).some((found) => {
    const source = readFileSync(path.join(ROOT, found), 'utf8')
    return [`'${title}'`, `"${title}"`, `\`${title}\``].some((literal) => source.includes(literal))
  })
}

describe('docs/guarantees.md', () => {
  it.each(named)('names a test that exists: $title ($file)', (one) => {
    expect(hasTest(one)).toBe(true)
  })

  it('names a test for each promise', () => {
    const [, promises = ''] = /^## Promises\n([\s\S]*?)^## /m.exec(text) ?? []
    const sections = promises.split(/^### /m).slice(1)

    expect(sections.length).toBeGreaterThan(10)
    expect(sections.filter((section) => !/^- "[^"\n]+" \([\w.-]+\)$/m.test(section))).toEqual([])
  })

  it.each([
    { title: 'is in the log with its deliveries', file: 'accept.test.ts' },
    { title: 'twice in a batch makes one request', file: 'accept.test.ts' },
    { title: 'twice in a batch makes one request', file: 'nothing.test.ts' },
  ])('does not find a test that does not exist: $title ($file)', (one) => {
    expect(hasTest(one)).toBe(false)
  })
})
