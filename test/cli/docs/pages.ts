// The pages of the documentation, for the tests.
import { existsSync, globSync, readFileSync } from 'node:fs'
import path from 'node:path'

export const ROOT = path.join(import.meta.dirname, '../../..')

/** A page: its path below the project's root, with forward slashes, and its text. */
export type Page = { name: string; text: string }

/** A fenced block: its language, and its text without the fences. */
export type Block = { page: string; language: string; text: string }

/** README, changelog, all pages in docs/, and the findings where there are some. */
export function readPages(): Page[] {
  const names = ['README.md', 'CHANGELOG.md', 'findings/README.md']
    .filter((name) => existsSync(path.join(ROOT, name)))
    .concat(globSync('docs/*.md', { cwd: ROOT }).sort())
  return names.map((name) => ({ name, text: readFileSync(path.join(ROOT, name), 'utf8') }))
}

/** The fenced blocks of some pages, in their order. */
export function blocksOf(pages: readonly Page[]): Block[] {
  return pages.flatMap(({ name, text }) =>
    [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = '', block = '']) => ({
      page: name,
      language,
      text: block,
    })),
  )
}

/** A text without its fenced blocks. */
export function withoutBlocks(text: string): string {
  return text.replaceAll(/^```\w*\n[\s\S]*?^```$/gm, '')
}

/** The cells of each row below the heading row of the tables that have these columns. */
export function tableOf({ text }: Page, ...columns: string[]): string[][] {
  const lines = text.split('\n')
  const head = lines.indexOf(`| ${columns.join(' | ')} |`)
  if (head === -1) throw new Error(`no table of ${columns.join(', ')}`)
  const rows: string[][] = []
  for (const line of lines.slice(head + 2)) {
    if (!line.startsWith('|')) break
    rows.push(line.slice(2, -2).split(' | '))
  }
  return rows
}
