// docs/frameworks.md: its tables are made of a run's results, its recipes are the programs of the matrix. Pure but for the
// last function.
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { ROOT } from '../../src/cli/project.ts'
import { type Verdict, worse } from './judge.ts'
import { recipeOf } from './languages.ts'
import { LARGEST_BYTES, type Result, type Verdicts } from './measure.ts'
import { type Language, versionOf } from './receiver.ts'
import { RECEIVERS } from './receivers.ts'

export const PAGE = path.join(ROOT, 'docs/frameworks.md')

const FENCES: Record<Language, string> = {
  javascript: 'js',
  python: 'python',
  go: 'go',
  rust: 'rust',
  java: 'java',
  php: 'php',
}

/** The page with the text of each recipe below its marker. Throws when a marker names no recipe. */
export function withRecipes(page: string): string {
  return page.replaceAll(
    /^(<!-- recipe: ([\w-]+) -->\n)```\w*\n[\s\S]*?^```$/gm,
    (_, marker, name) => {
      const receiver = RECEIVERS.find((one) => one.name === name)
      const text = receiver && recipeOf(receiver)
      if (receiver === undefined || text === undefined) throw new Error(`no recipe of ${name}`)
      const fence = text.includes('@Controller()') ? 'ts' : FENCES[receiver.language]
      return `${marker}\`\`\`${fence}\n${text.trimEnd()}\n\`\`\``
    },
  )
}

/** The page with the tables of a run; `runtimes` names the languages with their versions. */
export function withTables(
  page: string,
  results: readonly Result[],
  at: Date,
  runtimes: string,
): string {
  const of = (kind: string) => results.filter(({ receiver }) => receiver.kind === kind)
  const tables = {
    frameworks: tableOf(
      [
        ['framework', ({ receiver }) => receiver.title],
        ['version', ({ receiver }) => versionOf(receiver)],
        ['gets the event', ({ defaults }) => wordsOf(ofAll(defaults))],
        ['largest body', ({ limit }) => bytesOf(limit)],
        ['as `application/cloudevents+json`', (result) => wordsOf(structuredOf(result))],
        ['class of two fields', ({ fields }) => wordsOf(fields?.payment)],
      ],
      of('framework'),
    ),
    verifiers: tableOf(
      [
        ['library', ({ receiver }) => receiver.title],
        ['version', ({ receiver }) => versionOf(receiver)],
        ['verifies', ({ recipe }) => wordsOf(ofAll(recipe))],
        ['a changed body', ({ recipe }) => wordsOf(recipe?.changed)],
      ],
      of('verifier'),
    ),
    cloudevents: tableOf(
      [
        ['library', ({ receiver }) => receiver.title],
        ['version', ({ receiver }) => versionOf(receiver)],
        ['`application/cloudevents+json`', ({ defaults }) => wordsOf(defaults?.structured)],
        ['`cloudevents-binary`', ({ defaults }) => wordsOf(defaults?.binary)],
        ['`application/json`', ({ defaults }) => wordsOf(defaults?.payment)],
      ],
      of('cloudevents'),
    ),
    date: `Measured on ${at.toISOString().slice(0, 10)}, with ${runtimes}.`,
  }
  return Object.entries(tables).reduce(
    (text, [name, content]) => replaced(text, name, content),
    page,
  )
}

/** The page with other lines between the two markers of a name. */
function replaced(page: string, name: string, lines: string): string {
  const [begin, end] = [`<!-- ${name}: begin -->\n`, `<!-- ${name}: end -->`]
  const [before, after] = [page.indexOf(begin) + begin.length, page.indexOf(end)]
  return page.includes(begin) ? `${page.slice(0, before)}${lines}\n${page.slice(after)}` : page
}

/** Writes what `change` makes of the page. */
export function writePage(change: (page: string) => string): void {
  writeFileSync(PAGE, change(readFileSync(PAGE, 'utf8')))
}

type Column = [title: string, cell: (result: Result) => string]

function tableOf(columns: Column[], results: readonly Result[]): string {
  const row = (cells: string[]) => `| ${cells.join(' | ')} |`
  return [
    row(columns.map(([title]) => title)),
    row(columns.map(() => '---')),
    ...results.map((result) => row(columns.map(([, cell]) => cell(result)))),
  ].join('\n')
}

/** The verdict of all deliveries that fit: the first that is not the event, if there is one. */
function ofAll(verdicts: Verdicts | undefined): Verdict | undefined {
  if (verdicts === undefined) return undefined
  const small = ['payment', 'checkin', 'slack', 'raw', 'two secrets'] as const
  return small.map((name) => verdicts[name]).find((one) => one !== 'event') ?? 'event'
}

/**
 * What a handler gets by the type of CloudEvents: one with `defaults` or one with a class, the worse, as people write both. A
 * class that refuses the event by any type says nothing of this one.
 */
function structuredOf({ defaults, fields }: Result): Verdict | undefined {
  const ofClass = fields?.payment === 'event' ? fields.structured : undefined
  if (defaults?.structured === undefined || ofClass === undefined) return defaults?.structured
  return worse(defaults.structured, ofClass)
}

function bytesOf(limit: number | undefined): string {
  if (limit === undefined) return ''
  return limit >= LARGEST_BYTES ? 'any delivery' : `${limit.toLocaleString('en')} bytes`
}

function wordsOf(verdict: Verdict | undefined): string {
  if (verdict === undefined) return ''
  if (verdict === 'event') return 'yes'
  if (verdict === 'nothing') return '**nothing**, answers 2xx'
  if (verdict === 'text values') return 'yes, numbers and booleans as text'
  return typeof verdict === 'number' ? `refused: ${verdict}` : verdict
}
