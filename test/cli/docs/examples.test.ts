// The examples of the documentation work: configurations parse, JSON is valid, commands and their options exist, and
// figures agree with the calculation.
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'smol-toml'
import { describe, expect, it } from 'vitest'
import { checkConfig } from '../../../src/cli/check/configuration.ts'
import { SourceInput, TargetInput } from '../../../src/config/schema.ts'
import { EVENT_TYPES } from '../../../src/core/events/event.ts'
import { costs, USAGE_OF_AN_EVENT } from '../../bench/costs.ts'
import { type Named, namedCommands, problemsOf, readCommand, relayCommands } from './commands.ts'
import { blocksOf, ROOT, readPages, tableOf } from './pages.ts'

const pages = readPages()
const blocks = blocksOf(pages)
const blocksIn = (language: string) =>
  blocks.filter((block) => block.language === language).map((block, i) => ({ ...block, i }))
const pageOf = (name: string) => {
  const page = pages.find((one) => one.name === name)
  if (page === undefined) throw new Error(`no page ${name}`)
  return page
}

describe('a configuration', () => {
  it.each(blocksIn('toml'))('of $page ($i) has no errors', ({ text }) => {
    const { vars } = parse(text) as { vars: Record<string, unknown> }

    expect(Object.keys(vars).length).toBeGreaterThan(0)
    expect(checkConfig(vars).errors).toEqual([])
  })

  it.each([
    ['source', SourceInput.entries],
    ['target', TargetInput.entries],
  ])('of a %s has each of its keys explained', (kind, entries) => {
    const page = pageOf('docs/configuration.md')
    const [, section = ''] =
      new RegExp(`^## ${kind}s\\n([\\s\\S]*?)^## `, 'im').exec(page.text) ?? []
    const rows = tableOf({ ...page, text: section }, 'key', 'meaning', 'default')
    const explained = rows.flatMap(([keys = '']) => keys.match(/\w+/g) ?? [])

    expect(explained.sort()).toEqual(Object.keys(entries).sort())
  })
})

describe('JSON', () => {
  it.each(blocksIn('json'))('of $page ($i) is JSON', ({ text }) => {
    expect(() => JSON.parse(text)).not.toThrow()
  })
})

it('every type of the vocabulary is explained', () => {
  const { text } = pageOf('docs/events.md')

  expect(EVENT_TYPES.filter((type) => !text.includes(`\`${type}\``))).toEqual([])
})

it('every metric that an alert names exists', () => {
  const rules = blocksIn('yaml')
    .map(({ text }) => text)
    .join('\n')
  const named = [...rules.matchAll(/membership_relay_(\w+)/g)].map(([, name = '']) => name)
  const sources = globSync('src/http/metrics/*.ts', { cwd: ROOT })
    .map((file) => readFileSync(path.join(ROOT, file), 'utf8'))
    .join('\n')

  expect(named.length).toBeGreaterThan(4)
  expect(named.filter((name) => !new RegExp(`['\`}]${name}\\b`).test(sources))).toEqual([])
})

describe('a command', () => {
  const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  const names = new Set(Object.keys(scripts))
  const commands = [...new Map(namedCommands(pages).map((one) => [one.text, one])).values()]

  it.concurrent.each(commands)('exists as it is written: $text', async (named) => {
    expect(await problemsOf(named, names)).toEqual([])
  })

  it.each([
    ['npm run nothing', 'no script nothing'],
    ['npm run relay -- nothing', 'relay has no command nothing'],
    ['npm run relay -- events --nothing', 'no option --nothing'],
    ['npm run relay -- replay list --dry-run', 'no option --dry-run'],
    ['npm run format -- --quick', 'format takes no --quick'],
    ['npm run relay status --json', 'options of npm, or of the script?'],
    ['npm start -- --rotate', 'no option --rotate'],
  ])('that does not is found: %s', async (text, problem) => {
    const named = readCommand('docs/cli.md', text) as Named

    expect(await problemsOf(named, names)).toEqual([`${text}: ${problem}`])
  })

  it('of the relay has a line in docs/cli.md, and each line options that exist', async () => {
    const { text } = pageOf('docs/cli.md')
    const [, section = ''] = /^## Relay commands\n([\s\S]*?)^## /m.exec(text) ?? []
    const rows = tableOf({ name: 'docs/cli.md', text: section }, 'command', 'purpose')
    const lines = rows.map((cells) =>
      [...cells.join(' ').matchAll(/`([^`]+)`/g)].map(([, c = '']) => c),
    )
    // An option alone belongs to the command at the start of its line.
    const written = lines.flatMap(([first = '', ...rest]) => [
      first,
      ...rest.map((code) => (code.startsWith('-') ? `${first.split(' ')[0]} ${code}` : code)),
    ])
    const named = written.flatMap((code) => readCommand('', `npm run relay -- ${code}`) ?? [])
    const problems: string[] = []
    for (const one of named) problems.push(...(await problemsOf(one, names)))

    expect(problems).toEqual([])
    expect(new Set(named.map(({ words: [command = ''] }) => command))).toEqual(
      new Set(await relayCommands()),
    )
  })
})

describe('the costs', () => {
  it('agree with the calculation', async () => {
    const { tables } = await costs.run({
      seed: 1,
      rounds: undefined,
      seconds: undefined,
      full: false,
      progress: () => undefined,
    })
    const [{ columns, rows } = { columns: [], rows: [] }] = tables
    const calculated = rows.map((row) =>
      row.map((cell) => (typeof cell === 'number' ? cell.toLocaleString('en') : cell)),
    )

    expect(tableOf(pageOf('docs/costs.md'), ...columns)).toEqual(calculated)
  })

  it('are calculated from the measured usage', () => {
    const measured = tableOf(
      pageOf('docs/benchmarks.md'),
      '',
      'rows written',
      '2 + 2·T',
      'rows read',
      'trips to D1',
      'queue operations',
      'requests',
      'CPU ms',
    )
    const usages = Object.fromEntries(
      measured.flatMap(([name = '', written, , read, , queue, requests, cpu]) => {
        const [, targets = ''] = /^hapana checkIn, T = (\d+)$/.exec(name.trim()) ?? []
        const usage = {
          rowsWritten: Number(written),
          rowsRead: Number(read),
          queueOperations: Number(queue),
          requests: Number(requests),
          cpuMs: Number(cpu),
        }
        return targets === '' ? [] : [[targets, usage]]
      }),
    )

    expect(usages).toEqual(USAGE_OF_AN_EVENT)
  })
})
