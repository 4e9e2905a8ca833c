// One word for each thing: the retired words of docs/internals.md, and habits of language, appear nowhere in src/.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT } from './pages.ts'

/** The table of words in docs/internals.md; its last column has the retired ones. */
const [, AFTER = ''] = readFileSync(path.join(ROOT, 'docs/internals.md'), 'utf8').split('### Words')
const [TABLE = ''] = AFTER.split('\n## ')
const RETIRED = [...TABLE.matchAll(/^\| [^|]+ \| [^|]+ \| ([^|]+) \|$/gm)]
  .flatMap(([, retired]) => (retired ?? '').split(','))
  .map((word) => word.trim())
  .filter((word) => /^[A-Za-z]+$/.test(word) && word !== 'retired')

/** Phrases that readers stumble over. */
const HABITS = [
  /\bmend(s|ed|ing)?\b/,
  /\banew\b/,
  /\bdear(er|est)?\b/,
  /\bputs? away\b/,
  /\blets? go\b/,
  /\bin the light of\b/,
  /\bwhoever\b/,
  /\bfront door\b/,
  /\bgo(es)? on with\b/,
]

/** Words that D1 stores, and the columns that hold them: only SQL has them (src/store/stored-words.ts). */
const STORED = new Set(['derived', 'twin', 'rung', 'planned'])

const files = readdirSync(path.join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.(tsx?|css|js|cjs)$/.test(file) && !file.includes('assets/htmx'))
  .map((file) => ({ file, text: readFileSync(path.join(ROOT, 'src', file), 'utf8') }))

/** The lines of files that contain a word: by itself, or as a part of a name. */
function linesWith(pattern: RegExp, isMeant: (file: string) => boolean = () => true): string[] {
  return files
    .filter(({ file }) => isMeant(file))
    .flatMap(({ file, text }) =>
      text
        .split('\n')
        .flatMap((line, i) => (pattern.test(line) ? [`${file}:${i + 1}: ${line.trim()}`] : [])),
    )
}

/** A word alone, or at the beginning of a name; not inside of another word. One with a capital is the name of a type. */
function wordPattern(word: string): RegExp {
  const capital = word.slice(0, 1).toUpperCase() + word.slice(1)
  return new RegExp(`(?<![A-Za-z])(${word}|${capital})(?![a-z])`)
}

describe('src', () => {
  it('is read completely', () => {
    expect(files.length).toBeGreaterThan(200)
    expect(RETIRED.length).toBeGreaterThan(20)
  })

  it.each(RETIRED)('does not contain the retired word "%s"', (word) => {
    // A pack line is made of the columns of rows.
    const hasColumns = (file: string) => /^(store\/|core\/ledger\/pack-line\.ts)/.test(file)
    const isMeant = (file: string) => !STORED.has(word) || !hasColumns(file)

    expect(linesWith(wordPattern(word), isMeant)).toEqual([])
  })

  it.each(HABITS)('does not contain the phrase %s', (habit) => {
    expect(linesWith(habit)).toEqual([])
  })
})

describe('what users read', () => {
  const pages = ['README.md', 'wrangler.toml', '.dev.vars.example'].concat(
    readdirSync(path.join(ROOT, 'docs')).map((page) => `docs/${page}`),
  )
  // The table itself names retired words, and Time Travel is a name of Cloudflare's.
  const texts = pages.map((page) => {
    const text = readFileSync(path.join(ROOT, page), 'utf8').replaceAll(/time.travel/gi, 'D1')
    return { page, text: page === 'docs/internals.md' ? text.replace(TABLE, '') : text }
  })

  it.each(RETIRED)('does not contain the retired word "%s"', (word) => {
    const found = texts.filter(({ text }) => wordPattern(word).test(text))

    expect(found.map(({ page }) => page)).toEqual([])
  })
})

describe('the pattern of a word', () => {
  it.each([
    ['diary', 'the diary of drift', true],
    ['diary', 'const diaryName = 1', true],
    ['twin', 'twine', false],
    ['owed', 'allowed, followed', false],
    ['Owed', 'type Owed = {}', true],
    ['Owed', 'what is owed', false],
  ])('"%s" in "%s": %s', (word, line, isFound) => {
    expect(wordPattern(word).test(line)).toBe(isFound)
  })
})
