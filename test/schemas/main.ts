// `npm run schemas`: the schemas of events, judged by the tools of their receivers.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { UserError } from '../../src/cli/user-error.ts'
import { EVENT_TYPES } from '../../src/core/events/event.ts'
import { dataSchema } from '../../src/http/schemas.ts'
import { buildTree } from '../weather/machine/build.ts'
import { brokenCopies, type Schema } from './broken.ts'
import { COMPILERS, compile } from './compilers.ts'
import { realEvents } from './events.ts'
import { GENERATORS, missingNames } from './generators.ts'
import { readOptions } from './options.ts'
import { judgeSnippet, SNIPPET } from './snippet.ts'
import { endAll } from './tools.ts'
import { VALIDATORS } from './validators.ts'

/** Data with the type whose schema it has, or breaks. */
type Case = { type: string; data: unknown; isValid: boolean }

const ORIGIN = 'https://relay.example.com'
const SCHEMAS = new Map(
  EVENT_TYPES.map((type) => [type, dataSchema(type, '1', ORIGIN) as Schema & { title: string }]),
)

/** Runs a tool in a folder of its own, prints its line of the table, and returns whether all is well. */
async function tryTool(name: string, cases: readonly Case[], folder: string): Promise<boolean> {
  // Two tools have the same name but for a space.
  const dir = mkdtempSync(path.join(folder, `${name.replaceAll(/\W+/g, '-')}-`))
  mkdirSync(path.join(dir, 'schemas'))
  for (const [type, schema] of SCHEMAS) {
    writeFileSync(path.join(dir, 'schemas', `${type}.json`), JSON.stringify(schema))
  }
  writeFileSync(
    path.join(dir, 'cases.jsonl'),
    cases.map((one) => `${JSON.stringify(one)}\n`).join(''),
  )
  const startedAt = performance.now()
  const result = await resultOf(name, cases, dir).catch(({ message }: Error) => ({
    isGood: false,
    text: `fails: ${message}`,
  }))
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0)
  console.log(
    `${result.isGood ? '✓' : '✗'} ${name.padEnd(28)}${seconds.padStart(4)} s  ${result.text}`,
  )
  return result.isGood
}

type Result = { isGood: boolean; text: string }

async function resultOf(name: string, cases: readonly Case[], dir: string): Promise<Result> {
  if (name === SNIPPET) return judgeSnippet(dir, cases)
  const compiler = COMPILERS[name]
  if (compiler !== undefined) return compile(dir, compiler)
  const validate = VALIDATORS[name]
  if (validate !== undefined) return judge(cases, (await validate(dir)).trim())
  const titles = [...SCHEMAS.values()].map(({ title }) => title)
  const code = (await GENERATORS[name]?.(dir, [...SCHEMAS.keys()])) ?? ''
  const missing = missingNames(code, titles)
  const text = `${titles.length - missing.length} of ${titles.length} types are named by their title; they compile`
  return {
    isGood: missing.length === 0,
    text: missing.length ? `${text}; not: ${missing.join(', ')}` : text,
  }
}

/** What a validator's verdicts are worth: all real events valid, all broken copies not. */
function judge(cases: readonly Case[], verdicts: string): Result {
  const wrong = cases.filter(({ isValid }, i) => verdicts[i] !== (isValid ? '1' : '0'))
  const count = (isValid: boolean) => {
    const all = cases.filter((one) => one.isValid === isValid).length
    return `${all - wrong.filter((one) => one.isValid === isValid).length} of ${all}`
  }
  const [first] = wrong
  const example = first ? `; the first of the others: ${JSON.stringify(first).slice(0, 600)}` : ''
  const text = `${count(true)} events are valid, ${count(false)} broken copies are refused${example}`
  return { isGood: wrong.length === 0 && verdicts.length === cases.length, text }
}

/** The real events, and broken copies of two of each type. Throws when a type has no event, or an event no schema. */
async function allCases(): Promise<Case[]> {
  const events = await realEvents(await buildTree(path.join(import.meta.dirname, '../..')))
  const missing = EVENT_TYPES.filter((type) => !events.some((event) => event.type === type))
  if (missing.length > 0) throw new Error(`there is no event of ${missing.join(', ')}`)
  for (const { id, type, dataschema } of events) {
    const isOwn = type.startsWith('relay.')
    const expected = isOwn ? undefined : (dataSchema(type, '1', ORIGIN)?.$id as string)
    if (dataschema !== expected) throw new Error(`${id} has the dataschema ${dataschema}`)
  }
  const broken = [...SCHEMAS].flatMap(([type, schema]) =>
    events
      .filter((event) => event.type === type)
      .slice(0, 2)
      .flatMap(({ data }) => brokenCopies(schema, data))
      .map((data) => ({ type, data, isValid: false })),
  )
  return [...events.map(({ type, data }) => ({ type, data, isValid: true })), ...broken]
}

async function main(): Promise<number> {
  const all = [
    ...Object.keys(VALIDATORS),
    SNIPPET,
    ...Object.keys(GENERATORS),
    ...Object.keys(COMPILERS),
  ]
  const tools = readOptions(process.argv.slice(2), all)
  if (tools === undefined) return 0
  const folder = mkdtempSync(path.join(tmpdir(), 'relay-schemas-'))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      endAll()
      rmSync(folder, { recursive: true, force: true })
      process.exit(130)
    })
  }
  try {
    const cases = await allCases()
    let isGood = true
    for (const tool of tools) isGood = (await tryTool(tool, cases, folder)) && isGood
    return isGood ? 0 : 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof UserError)) throw error
  console.error(error.message)
  process.exitCode = 2
}
