// The configuration of the simulated relay: sources, and the targets that a schedule uses.

export const KEY = 'weather-key'
export const TOKEN = 'weather-admin-token-0123456789'
export const SIGNING_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

export type TargetConfig = {
  name: string
  url: string
  secret: string
  events: string[]
  ordered?: boolean
  format?: string
  rate_per_second?: number
  timeout_seconds?: number
}

type Wants = Omit<TargetConfig, 'name' | 'url' | 'secret'>

/** The targets by name. How each responds is in receivers.ts. */
const TARGETS: Record<string, Wants> = {
  steady: { events: ['*'] },
  alerts: { events: ['relay.*'] },
  door: { events: ['membership.*', 'purchase.*', 'subscription.*'], ordered: true },
  picky: { events: ['*'] },
  small: { events: ['message.*', 'membership.*'], ordered: true },
  limited: { events: ['membership.*', 'checkin.*'] },
  flapping: { events: ['checkin.*', 'payment.*'] },
  slow: { events: ['contact.*', 'payment.*'] },
  dripping: { events: ['purchase.*'] },
  paced: { events: ['payment.*', 'checkin.*'], rate_per_second: 5 },
  bytes: { events: ['purchase.*', 'membership.*'], format: 'raw' },
}

export const TARGET_NAMES = Object.keys(TARGETS)

/** The configuration of a target. */
export function targetConfig(name: string): TargetConfig {
  const wants = TARGETS[name]
  if (wants === undefined) throw new Error(`there is no target ${name}`)
  return { name, url: `https://${name}.example.com/hook`, secret: 'SIGNING_SECRET', ...wants }
}

const SOURCES = [
  { name: 'hapana', vendor: 'hapana', secret: 'HAPANA_SECRET', header: 'x-relay-key' },
  { name: 'hype', vendor: 'hype', secret: 'HYPE_SECRET' },
]

/**
 * What is wrong with the configuration at a time. `text`: the variable is JSON text with a comma too much. `nameless`: the
 * table of the target has no name. `misnamed`: its name is none.
 */
export type ConfigTrouble =
  | { how: 'targets-text' }
  | { how: 'sources-text' }
  | { how: 'nameless' | 'misnamed' | 'removed' | 'renamed'; on: string }
  | { how: 'secret-missing' }
  | { how: 'retention'; days: number }

/** Variables and secrets, with what is wrong with them. */
export function varsOf(
  targets: readonly string[],
  troubles: readonly ConfigTrouble[],
  hotDays?: number,
): Record<string, unknown> {
  const vars: Record<string, unknown> = {
    ADMIN_TOKEN: TOKEN,
    HAPANA_SECRET: KEY,
    HYPE_SECRET: KEY,
    SIGNING_SECRET,
    SOURCES,
    ...(hotDays === undefined ? {} : { HOT_DAYS: hotDays }),
  }
  let tables: Record<string, unknown>[] = targets.map((name) => ({ ...targetConfig(name) }))
  for (const trouble of troubles) {
    if ('on' in trouble) tables = tables.flatMap((table) => spoiled(table, trouble))
    if (trouble.how === 'secret-missing') delete vars.SIGNING_SECRET
    if (trouble.how === 'retention') vars.RETENTION_DAYS = trouble.days
    if (trouble.how === 'sources-text') vars.SOURCES = withComma(SOURCES)
  }
  const isText = troubles.some(({ how }) => how === 'targets-text')
  return { ...vars, TARGETS: isText ? withComma(tables) : tables }
}

function spoiled(
  table: Record<string, unknown>,
  { how, on }: Extract<ConfigTrouble, { on: string }>,
): Record<string, unknown>[] {
  if (table.name !== on) return [table]
  if (how === 'removed') return []
  const { name: _, ...nameless } = table
  if (how === 'nameless') return [nameless]
  return [{ ...table, name: how === 'misnamed' ? 'not a name!' : `${on}-new` }]
}

function withComma(list: unknown[]): string {
  return JSON.stringify(list).replace(/\]$/, ',]')
}

/** Whether a target wants a type of event, by its configuration. */
export function wants(target: string, type: string): boolean {
  return targetConfig(target).events.some((pattern) =>
    pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : pattern === type,
  )
}
