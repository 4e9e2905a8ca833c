// Who may import whom (design §9): the folders of src/ are layers, and imports go down only.
import { describe, expect, it } from 'vitest'
import { FORMATS } from '../src/formats/index.ts'
import { VENDORS } from '../src/vendors/index.ts'
import { EVENT_FIXTURES, PROOF_FIXTURES } from './fixtures.ts'

const files = import.meta.glob<string>('../src/**/*.{ts,tsx}', {
  query: '?raw',
  import: 'default',
  eager: true,
})
const SOURCES = Object.fromEntries(
  Object.entries(files).map(([path, text]) => [path.replace('../src/', ''), text]),
)

type Rule = { may: RegExp[]; packages?: RegExp }

const CORE = /^core\//
const BELOW = [CORE, /^(vendors|formats|simulator|store)\//, /^(env|config)\.ts$/]

/** By layer: which files it may import beside those that `ownOf` gives, and which packages (all, unless said). */
const RULES: Record<string, Rule> = {
  core: { may: [CORE], packages: /^(valibot|@date-fns\/tz\/tzOffset)$/ },
  vendors: { may: [CORE, /^vendors\/(vendor|extra)\.ts$/], packages: /^$/ },
  formats: { may: [CORE, /^formats\/format\.ts$/], packages: /^$/ },
  simulator: { may: [CORE, /^vendors\/index\.ts$/, /^simulator\//], packages: /^$/ },
  store: { may: [CORE, /^store\//], packages: /^$/ },
  console: { may: [CORE, /^console\//] },
  env: { may: [CORE], packages: /^$/ },
  config: {
    may: [CORE, /^(vendors|formats)\/index\.ts$/, /^config\/[a-z-]+\.(ts|cjs)$/],
  },
  // No stage calls another: accept, deliver, spill and sweep share only what these files hold.
  stages: {
    may: [
      ...BELOW,
      /^stages\/(record|recording|meaning|sending|settle|conclude|batch|in-hand|places|attempt|health|turns)\.ts$/,
    ],
  },
  http: { may: [...BELOW, /^(console|stages|http)\//] },
  index: { may: [/^(http|stages)\//, /^(env|config)\.ts$/] },
  // What programs of TypeScript import: the types of the routes, and nothing that runs in the Worker.
  client: { may: [/^http\/app\.ts$/] },
  // The tables of vendors and formats too: `check --sample` shows what the Worker would send, by the Worker's code.
  cli: {
    may: [
      CORE,
      /^(client|config|config\/secrets)\.ts$/,
      /^(vendors|formats)\/index\.ts$/,
      /^(simulator|cli)\//,
    ],
  },
}

/** The layer of a file: its folder, or its own name at the top. */
const layerOf = (path: string) => path.split(/[/.-]/)[0] ?? ''

/** The folder of one vendor, whose files may import each other; tables may import what they list. */
function ownOf(path: string): RegExp[] {
  if (/^(vendors|formats)\/index\.ts$/.test(path)) {
    return [new RegExp(`^${layerOf(path)}/([a-z-]+|[a-z-]+/index)\\.ts$`)]
  }
  const folder = /^vendors\/[^/]+\//.exec(path)?.[0]
  return folder === undefined ? [] : [new RegExp(`^${folder}`)]
}

/** What a source imports: statements, re-exports, side effects and dynamic imports. */
function importsOf(text: string): string[] {
  const found = text.matchAll(
    /^\s*(?:import|export)\b[^'"`;]*?from\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"`]([^'"`]+)['"`]/gm,
  )
  return [...found].map(([, from, effect, dynamic]) => from ?? effect ?? dynamic ?? '')
}

/** A relative import as a path within src/; undefined for a package, '..' for what lies outside. */
function resolved(path: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined
  const url = new URL(specifier, `file:///root/src/${path}`).pathname
  return url.startsWith('/root/src/') ? url.slice('/root/src/'.length) : url.replace('/root', '..')
}

function offencesIn(path: string, text: string): string[] {
  const rule = RULES[layerOf(path)]
  if (rule === undefined) return [`${path} is in no layer`]
  return importsOf(text)
    .filter((specifier) => {
      const target = resolved(path, specifier)
      if (target === undefined) return rule.packages?.test(specifier) === false
      if (target === '../package.json')
        return ['core', 'vendors', 'formats'].includes(layerOf(path))
      return ![...rule.may, ...ownOf(path)].some((allowed) => allowed.test(target))
    })
    .map((specifier) => `${path} imports ${specifier}`)
}

/** What a pure file must not touch: it gets the time, randomness and answers as arguments. */
function impuritiesIn(path: string, text: string): string[] {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
  return [
    'Date.now',
    'new Date()',
    'Math.random',
    'performance.now',
    'randomUUID',
    'getRandomValues',
    'fetch(',
    'console.',
  ]
    .filter((word) => code.includes(word))
    .map((word) => `${path} uses ${word}`)
}

const SQL =
  /\bSELECT\s+[\w*'(]|\bINSERT (OR \w+ )?INTO\b|\bUPDATE \w+\s+SET\b|\bDELETE FROM\b|\bCREATE (TABLE|INDEX)\b|\.prepare\(/

describe('src', () => {
  it('has the layers that the rules know', () => {
    const layers = new Set(Object.keys(SOURCES).map(layerOf))

    expect(Object.keys(RULES)).toEqual(expect.arrayContaining([...layers]))
    for (const layer of [
      'core',
      'vendors',
      'formats',
      'store',
      'stages',
      'http',
      'index',
      'env',
      'config',
    ]) {
      expect(layers).toContain(layer)
    }
  })

  it('imports downwards only', () => {
    expect(Object.entries(SOURCES).flatMap(([path, text]) => offencesIn(path, text))).toEqual([])
  })

  it('reads no clock, no chance and no network in its pure layers', () => {
    const pure = Object.entries(SOURCES).filter(([path]) =>
      /^(core|vendors|formats|simulator)\//.test(path),
    )

    expect(pure.length).toBeGreaterThan(20)
    expect(pure.flatMap(([path, text]) => impuritiesIn(path, text))).toEqual([])
  })

  it('keeps its SQL in the store', () => {
    const speaking = Object.entries(SOURCES).filter(([, text]) => SQL.test(text))

    expect(speaking.map(([path]) => layerOf(path))).toContain('store')
    expect(speaking.filter(([path]) => layerOf(path) !== 'store').map(([path]) => path)).toEqual([])
  })
})

describe('the tables', () => {
  const idsIn = (folder: string, seam: string[]) =>
    Object.keys(SOURCES)
      .map((path) => new RegExp(`^${folder}/([a-z-]+)(?:/index)?\\.ts$`).exec(path)?.[1])
      .filter((id) => id !== undefined && id !== 'index' && !seam.includes(id))
      .sort()

  it('list every vendor and every format, under its own id', () => {
    expect(Object.keys(VENDORS).sort()).toEqual(idsIn('vendors', ['vendor', 'extra']))
    expect(Object.keys(FORMATS).sort()).toEqual(idsIn('formats', ['format']))
    for (const [key, { id }] of Object.entries({ ...VENDORS, ...FORMATS })) expect(id).toBe(key)
  })

  it.each(Object.keys(VENDORS))('have fixtures of events and of proof for %s', (vendor) => {
    expect(EVENT_FIXTURES.filter((fixture) => fixture.vendor === vendor)).not.toEqual([])
    expect(PROOF_FIXTURES.filter((fixture) => fixture.vendor === vendor)).not.toEqual([])
  })
})

describe('the checker', () => {
  it.each([
    ['core/a.ts', "import { x } from '../store/events.ts'"],
    ['core/a.ts', "import type {\n  A,\n  B,\n} from '../env.ts'"],
    ['core/a.ts', "import { Hono } from 'hono'"],
    ['core/a.ts', "export { x } from '../config.ts'"],
    ['core/a.ts', "import '../stages/sweep.ts'"],
    ['core/a.ts', "const x = await import('../http/app.ts')"],
    ['core/a.ts', "import { version } from '../../package.json'"],
    ['vendors/hype/index.ts', "import { hapana } from '../hapana/index.ts'"],
    ['vendors/hype/index.ts', "import { VENDORS } from '../index.ts'"],
    ['vendors/hapana/type.ts', "import { hype } from '../hype/index.ts'"],
    ['vendors/hapana/type.ts', "import { x } from '../../formats/raw.ts'"],
    ['formats/slack.ts', "import { raw } from './raw.ts'"],
    ['formats/slack.ts', "import { x } from '../vendors/extra.ts'"],
    ['store/events.ts', "import { VENDORS } from '../vendors/index.ts'"],
    ['simulator/hype.ts', "import { accept } from '../stages/accept.ts'"],
    ['simulator/hype.ts', "import { parseConfig } from '../config.ts'"],
    ['vendors/hype/index.ts', "import { hype } from '../../simulator/hype.ts'"],
    ['env.ts', "import { parseConfig } from './config.ts'"],
    ['config.ts', "import { hype } from './vendors/hype/index.ts'"],
    ['config.ts', "import { getEvent } from './store/events.ts'"],
    ['stages/accept.ts', "import { deliver } from './deliver.ts'"],
    ['stages/accept.ts', "import { problem } from '../http/problems.ts'"],
    ['stages/accept.ts', "import { page } from '../console/page.tsx'"],
    ['console/page.tsx', "import { getEvent } from '../store/events.ts'"],
    ['http/app.ts', "import { main } from '../cli/main.ts'"],
    ['http/app.ts', "import worker from '../index.ts'"],
    ['index.ts', "import { newEventId } from './core/id.ts'"],
    ['index.ts', "import { getEvent } from './store/events.ts'"],
    ['cli/check.ts', "import { accept } from '../stages/accept.ts'"],
    ['utils/a.ts', ''],
  ])('finds the offence of %s: %s', (path, text) => {
    expect(offencesIn(path, text)).toHaveLength(1)
  })

  it.each([
    ['core/a.ts', "import * as v from 'valibot'\nimport { b } from './b.ts'"],
    ['vendors/hapana/index.ts', "import { a } from './type.ts'\nimport { w } from '../extra.ts'"],
    ['vendors/index.ts', "import { hype } from './hype.ts'\nimport { h } from './hapana/index.ts'"],
    ['stages/accept.ts', "import { makeRecord } from './record.ts'\nimport { Webhook } from 'w'"],
    ['http/app.ts', "import { accept } from '../stages/accept.ts'"],
    ['core/a.ts', "// taken from '../store/events.ts'\nconst x = 'import'"],
  ])('lets %s be: %s', (path, text) => {
    expect(offencesIn(path, text)).toEqual([])
  })

  it('finds clocks in code, not in comments', () => {
    expect(impuritiesIn('core/a.ts', 'const now = Date.now() + Math.random()')).toHaveLength(2)
    expect(impuritiesIn('core/a.ts', '// never Date.now\n/** fetch( */')).toEqual([])
  })

  it.each([
    'SELECT key FROM events',
    'INSERT OR IGNORE INTO a',
    'UPDATE a SET b = 1',
    'db.prepare(x)',
  ])('knows SQL: %s', (text) => {
    expect(text).toMatch(SQL)
  })
})
