// Import rules: the folders of src/ are floors, each with the same wings, and imports go down only.
import { describe, expect, it } from 'vitest'
import { FORMATS } from '../src/formats/index.ts'
import { VENDORS } from '../src/vendors/index.ts'
import { AUTHENTICATION_FIXTURES, EVENT_FIXTURES } from './fixtures.ts'

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

/** By floor: which files it may import beside those that `ownOf` gives, and which packages (all, unless listed). */
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
  stages: { may: [...BELOW, /^stages\//] },
  http: { may: [...BELOW, /^(console|stages|http)\//] },
  index: { may: [/^(http|stages)\//, /^(env|config)\.ts$/, /^core\/deliveries\/delivery\.ts$/] },
  // TypeScript programs import it: the types of the routes, and no code of the Worker.
  client: { may: [/^http\/app\.ts$/] },
  // Receivers import it: the types of events, made from the schemas.
  events: { may: [], packages: /^$/ },
  // The tables of vendors and formats too: `check --sample` renders its samples with the Worker's code.
  cli: {
    may: [
      CORE,
      /^(client|config|config\/secrets)\.ts$/,
      // What `deploy` asks of the database by Wrangler.
      /^store\/deliveries\/owed\.ts$/,
      /^store\/keys-of-0x\.ts$/,
      /^(vendors|formats)\/index\.ts$/,
      /^(simulator|cli)\//,
    ],
  },
}

const WINGS = ['intake', 'events', 'deliveries', 'ledger', 'operate']

/**
 * By folder: its wings, lowest first. A file may import its own wing and those before it. In `store` and `stages`,
 * `intake` comes third: to accept a request is to write its events and their deliveries.
 */
const ORDER: Record<string, string[]> = {
  core: WINGS,
  store: ['events', 'deliveries', 'intake', 'ledger', 'operate'],
  stages: ['events', 'deliveries', 'intake', 'ledger', 'operate'],
  console: WINGS,
  'http/api': WINGS,
  'http/console': WINGS,
}

/** Folders beside the wings: the files that browsers load, and what the API answers. */
const BESIDE_WINGS = ['assets', 'answers']

/** The floor of a file: its folder, or its own name at the top. */
const floorOf = (path: string) => path.split(/[/.-]/)[0] ?? ''

/** The folder with wings that a file is in, and its wing there; no wing for a file that the folder shares. */
function placeOf(path: string): { folder: string; wing: string | undefined } | undefined {
  const folder = Object.keys(ORDER).find((folder) => path.startsWith(`${folder}/`))
  if (folder === undefined) return undefined
  const [wing = '', ...rest] = path.slice(folder.length + 1).split('/')
  return { folder, wing: rest.length > 0 && ORDER[folder]?.includes(wing) ? wing : undefined }
}

/**
 * Whether a file may use the wing of another in its folder. A file that the folder shares has no wing and uses none, but
 * for the list of its routes.
 */
function mayUseWing(path: string, imported: string): boolean {
  const own = placeOf(path)
  const other = placeOf(imported)
  if (own === undefined || other?.wing === undefined) return true
  if (floorOf(path) !== floorOf(imported)) return true
  if (/^http\/(api|console)\/index\.ts$/.test(path)) return true
  const order = ORDER[own.folder] ?? []
  return own.wing !== undefined && order.indexOf(other.wing) <= order.indexOf(own.wing)
}

/** The console uses the fields and answers of the API, and not the other way around. */
function mayUseConsole(path: string, imported: string): boolean {
  return !path.startsWith('http/api/') || !imported.startsWith('http/console/')
}

/** The folder of one vendor, whose files may import each other; tables may import what they list. */
function ownOf(path: string): RegExp[] {
  if (/^(vendors|formats)\/index\.ts$/.test(path)) {
    return [new RegExp(`^${floorOf(path)}/([a-z-]+|[a-z-]+/index)\\.ts$`)]
  }
  const folder = /^vendors\/[^/]+\//.exec(path)?.[0]
  return folder === undefined ? [] : [new RegExp(`^${folder}`)]
}

/** The imports of a source: statements, re-exports, side effects and dynamic imports. */
function importsOf(text: string): string[] {
  const found = text.matchAll(
    /^\s*(?:import|export)\b[^'"`;]*?from\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"`]([^'"`]+)['"`]/gm,
  )
  return [...found].map(([, from, effect, dynamic]) => from ?? effect ?? dynamic ?? '')
}

/** A relative import as a path within src/; undefined for a package, and a path that starts with '..' outside of it. */
function resolved(path: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined
  const url = new URL(specifier, `file:///root/src/${path}`).pathname
  return url.startsWith('/root/src/') ? url.slice('/root/src/'.length) : url.replace('/root', '..')
}

function violationsIn(path: string, text: string): string[] {
  const rule = RULES[floorOf(path)]
  if (rule === undefined) return [`${path} is on no floor`]
  return importsOf(text)
    .filter((specifier) => {
      const imported = resolved(path, specifier)
      if (imported === undefined) return rule.packages?.test(specifier) === false
      if (imported === '../package.json')
        return ['core', 'vendors', 'formats'].includes(floorOf(path))
      const isBelow = [...rule.may, ...ownOf(path)].some((allowed) => allowed.test(imported))
      return !isBelow || !mayUseWing(path, imported) || !mayUseConsole(path, imported)
    })
    .map((specifier) => `${path} imports ${specifier}`)
}

/** The import cycles among files, types included: each as its files in order, and the first again. */
function cyclesIn(files: Record<string, string>): string[][] {
  const cycles: string[][] = []
  const done = new Set<string>()
  function visit(path: string, trail: readonly string[]): void {
    const start = trail.indexOf(path)
    if (start >= 0) cycles.push([...trail.slice(start), path])
    if (start >= 0 || done.has(path)) return
    for (const specifier of importsOf(files[path] ?? '')) {
      const imported = resolved(path, specifier)
      if (imported !== undefined && imported in files) visit(imported, [...trail, path])
    }
    done.add(path)
  }
  for (const path of Object.keys(files)) visit(path, [])
  return cycles
}

/** The highest number of files in one folder. */
const MAX_FILES = 16

/** The folders with too many files, each with the number of its files. */
function crowdedFolders(paths: readonly string[]): string[] {
  const sizes = new Map<string, number>()
  for (const path of paths) {
    const folder = path.slice(0, path.lastIndexOf('/') + 1)
    sizes.set(folder, (sizes.get(folder) ?? 0) + 1)
  }
  return [...sizes].flatMap(([folder, size]) => (size > MAX_FILES ? [`${folder}: ${size}`] : []))
}

/** The impure calls of a file. A pure file gets the time, randomness and responses as arguments. */
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
  it('has only floors that have a rule', () => {
    const floors = new Set(Object.keys(SOURCES).map(floorOf))

    expect(Object.keys(RULES)).toEqual(expect.arrayContaining([...floors]))
    for (const floor of [
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
      expect(floors).toContain(floor)
    }
  })

  it('has the same wings in each folder that has any', () => {
    for (const place of Object.keys(ORDER)) {
      const folders = new Set(
        Object.keys(SOURCES)
          .filter((path) => path.startsWith(`${place}/`))
          .map((path) => path.slice(place.length + 1).split('/'))
          .flatMap(([folder, ...rest]) => (rest.length > 0 ? [folder] : [])),
      )
      for (const beside of BESIDE_WINGS) folders.delete(beside)
      expect(WINGS).toEqual(expect.arrayContaining([...folders]))
      expect(folders.size).toBeGreaterThanOrEqual(4)
    }
  })

  it('imports downwards only, between floors and between wings', () => {
    expect(Object.entries(SOURCES).flatMap(([path, text]) => violationsIn(path, text))).toEqual([])
  })

  it('has no import cycle, types included', () => {
    expect(cyclesIn(SOURCES)).toEqual([])
  })

  it(`has no folder of more than ${MAX_FILES} files`, () => {
    expect(crowdedFolders(Object.keys(SOURCES))).toEqual([])
  })

  it('uses no clock, no randomness and no network on its pure floors', () => {
    const pure = Object.entries(SOURCES).filter(([path]) =>
      /^(core|vendors|formats|simulator)\//.test(path),
    )

    expect(pure.length).toBeGreaterThan(20)
    expect(pure.flatMap(([path, text]) => impuritiesIn(path, text))).toEqual([])
  })

  it('keeps its SQL in the store', () => {
    const withSql = Object.entries(SOURCES).filter(([, text]) => SQL.test(text))

    expect(withSql.map(([path]) => floorOf(path))).toContain('store')
    expect(withSql.filter(([path]) => floorOf(path) !== 'store').map(([path]) => path)).toEqual([])
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

  it.each(Object.keys(VENDORS))(
    'have fixtures of events and of authentication for %s',
    (vendor) => {
      expect(EVENT_FIXTURES.filter((fixture) => fixture.vendor === vendor)).not.toEqual([])
      expect(AUTHENTICATION_FIXTURES.filter((fixture) => fixture.vendor === vendor)).not.toEqual([])
    },
  )
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
    ['store/events/events.ts', "import { VENDORS } from '../../vendors/index.ts'"],
    ['simulator/hype.ts', "import { accept } from '../stages/accept.ts'"],
    ['simulator/hype.ts', "import { parseConfig } from '../config.ts'"],
    ['vendors/hype/index.ts', "import { hype } from '../../simulator/hype.ts'"],
    ['env.ts', "import { parseConfig } from './config.ts'"],
    ['config.ts', "import { hype } from './vendors/hype/index.ts'"],
    ['config.ts', "import { getEvent } from './store/events.ts'"],
    ['stages/intake/accept.ts', "import { problem } from '../../http/problems.ts'"],
    ['stages/intake/accept.ts', "import { page } from '../../console/page.tsx'"],
    ['console/page.tsx', "import { getEvent } from '../store/events.ts'"],
    ['http/app.ts', "import { main } from '../cli/main.ts'"],
    ['http/app.ts', "import worker from '../index.ts'"],
    ['index.ts', "import { newEventId } from './core/id.ts'"],
    ['index.ts', "import { getEvent } from './store/events.ts'"],
    ['cli/check.ts', "import { accept } from '../stages/accept.ts'"],
    ['core/intake/a.ts', "import { x } from '../events/event.ts'"],
    ['core/events/a.ts', "import type { Health } from '../deliveries/breaker.ts'"],
    ['core/id.ts', "import { canonical } from './intake/json.ts'"],
    ['store/events/a.ts', "import { loadDue } from '../deliveries/deliveries.ts'"],
    ['store/deliveries/a.ts', "import { recordEvents } from '../intake/records.ts'"],
    ['stages/deliveries/a.ts', "import { prune } from '../ledger/prune.ts'"],
    ['stages/ledger/a.ts', "import { release } from '../operate/quarantine.ts'"],
    ['console/events/a.tsx', "import { Overview } from '../ledger/overview.tsx'"],
    ['http/api/events/a.ts', "import { replays } from '../deliveries/replays.ts'"],
    ['http/api/fields.ts', "import { events } from './events/events.ts'"],
    ['http/console/events/a.tsx', "import { simulate } from '../operate/simulate.tsx'"],
    ['http/console/events/a.tsx', "import { sources } from '../../api/ledger/sources.ts'"],
    ['http/api/events/a.ts', "import { session } from '../../console/session.ts'"],
    ['utils/a.ts', ''],
  ])('finds the violation in %s: %s', (path, text) => {
    expect(violationsIn(path, text)).toHaveLength(1)
  })

  it.each([
    ['core/a.ts', "import * as v from 'valibot'\nimport { b } from './b.ts'"],
    ['vendors/hapana/index.ts', "import { a } from './type.ts'\nimport { w } from '../extra.ts'"],
    ['vendors/index.ts', "import { hype } from './hype.ts'\nimport { h } from './hapana/index.ts'"],
    ['http/app.ts', "import { accept } from '../stages/intake/accept.ts'"],
    [
      'stages/intake/a.ts',
      "import { enqueue } from '../deliveries/enqueue.ts'\nimport { W } from 'w'",
    ],
    ['stages/deliveries/a.ts', "import { readHistories } from '../events/meaning.ts'"],
    ['store/ledger/a.ts', "import { mergeSorted } from '../merge.ts'"],
    ['http/api/operate/a.ts', "import { events } from '../events/events.ts'"],
    ['http/console/index.ts', "import { events } from './events/events.tsx'"],
    ['http/console/operate/a.ts', "import { events } from '../../api/events/events.ts'"],
    ['http/console/operate/a.ts', "import { x } from '../../operator.ts'"],
    ['core/a.ts', "// taken from '../store/events.ts'\nconst x = 'import'"],
  ])('allows %s: %s', (path, text) => {
    expect(violationsIn(path, text)).toEqual([])
  })

  it('finds a cycle, of types too, and none if imports only go down', () => {
    const a = "import type { B } from './b.ts'"
    const b = "import { c } from './c.ts'"

    expect(
      cyclesIn({ 'core/a.ts': a, 'core/b.ts': b, 'core/c.ts': "export * from './a.ts'" }),
    ).toEqual([['core/a.ts', 'core/b.ts', 'core/c.ts', 'core/a.ts']])
    expect(cyclesIn({ 'core/a.ts': a, 'core/b.ts': b, 'core/c.ts': '' })).toEqual([])
  })

  it('finds a folder with too many files', () => {
    const files = (count: number) => Array.from({ length: count }, (_, i) => `core/events/${i}.ts`)

    expect(crowdedFolders(files(MAX_FILES + 1))).toEqual([`core/events/: ${MAX_FILES + 1}`])
    expect(crowdedFolders(files(MAX_FILES))).toEqual([])
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
  ])('recognises SQL: %s', (text) => {
    expect(text).toMatch(SQL)
  })
})
