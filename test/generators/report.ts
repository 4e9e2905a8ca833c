// The outcome of a run: the table on the terminal, and that of docs/api.md.
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { UserError } from '../../src/cli/user-error.ts'
import type { Tool } from './tools.ts'

/** What became of a tool; `fault`: why it failed, with its output. */
export type Outcome = { tool: Tool; fault?: string }

const DOCS = path.join(import.meta.dirname, '../../docs/api.md')
const HEAD = '| tool | outcome | how |\n| --- | --- | --- |\n'

const WORDS = { calls: 'generates, compiles, calls', event: 'runs', anything: 'passes' }

const word = ({ tool, fault }: Outcome) => (fault !== undefined ? 'fails' : WORDS[tool.prints])

/** The outcomes as a table of Markdown. */
export function report(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map((one) => `| ${one.tool.title} | ${word(one)} | ${one.tool.note} |\n`)
  return HEAD + rows.join('')
}

/** Puts the table and the date into docs/api.md, in place of those of the run before. */
export function writeDocs(outcomes: readonly Outcome[]): void {
  const text = readFileSync(DOCS, 'utf8')
  const known = /Of \d{4}-\d{2}-\d{2}:\n\n\| tool \|(.*\n)*?(?=\n|$)/
  if (!known.test(text)) throw new UserError('docs/api.md has no table of tools to replace.')
  const today = new Date().toISOString().slice(0, 10)
  writeFileSync(DOCS, text.replace(known, `Of ${today}:\n\n${report(outcomes)}`))
}
