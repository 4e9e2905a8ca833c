// The relay's configuration for the run: sources and targets.
import { KINDS, KINDS_SOURCE } from './checks/kinds.ts'
import { kindUrl, loadUrl } from './ports.ts'

/** The timeout of an attempt. Short, as the margin of the sweep for lost messages grows with twice as much. */
export const TIMEOUT_SECONDS = 2

export const KEY = 'chaos'
export const SIGNING_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

/** One variable of a Worker holds 5,000 bytes (Cloudflare Workers limits). */
const MAX_VARIABLE_BYTES = 4900

const LOAD_SOURCES = ['hype', 'hapana']

/** Enough that no delivery to `flaky` is dead in the end. */
const MANY_RETRIES = Array.from({ length: 50 }, () => 0.2)

type Wants = { events: string[]; ordered?: boolean; rate_per_second?: number }

/** The targets of the load, and the events that each of them wants (receivers.ts has their responses). */
export const LOAD_TARGETS: Record<string, Wants> = {
  steady: { events: ['*'] },
  flaky: { events: ['*'] },
  payments: { events: ['payment.*'] },
  ordered: { events: ['*'], ordered: true },
  paced: { events: ['payment.*'], rate_per_second: 50 },
  down: { events: ['payment.*'] },
}

/** The targets of the load that want a type of event. */
export function wantedBy(type: string): string[] {
  const isWanted = (pattern: string) => type.startsWith(pattern.replace('*', ''))
  return Object.keys(LOAD_TARGETS).filter((name) => LOAD_TARGETS[name]?.events.some(isWanted))
}

/** The target that gets the system events. */
export const SYSTEM_EVENT_TARGET = 'reports'

/** The options of `wrangler dev` with this configuration. */
export function configArgs(): string[] {
  const targets = [
    ...Object.entries(LOAD_TARGETS).map(([name, wants]) =>
      aTarget(name, { ...wants, sources: LOAD_SOURCES, include: ['extra.chaos'] }),
    ),
    aTarget(SYSTEM_EVENT_TARGET, { events: ['relay.*'] }),
    ...KINDS.map(({ name, url, retry }) => ({
      ...aTarget(name, { sources: [KINDS_SOURCE], where: `data.contact.vendor_id = "${name}"` }),
      url: url ?? kindUrl(name),
      retry,
    })),
  ]
  const sources = [
    { name: 'hapana', vendor: 'hapana', secret: 'HAPANA_SECRET', header: 'x-relay-key' },
    { name: 'hype', vendor: 'hype', secret: 'HYPE_SECRET' },
    { name: KINDS_SOURCE, vendor: 'hype', secret: 'HYPE_SECRET' },
  ]
  const variables = {
    SOURCES: JSON.stringify(sources),
    TARGETS: '[]',
    ...Object.fromEntries(inParts(targets).map((part, i) => [`TARGETS_${i}`, part])),
    HAPANA_SECRET: KEY,
    HYPE_SECRET: KEY,
    ADMIN_TOKEN: KEY,
    CHAOS_SIGNING_SECRET: SIGNING_SECRET,
  }
  return Object.entries(variables).flatMap(([name, value]) => ['--var', `${name}:${value}`])
}

function aTarget(name: string, wants: Record<string, unknown>) {
  return {
    name,
    url: loadUrl(name),
    secret: 'CHAOS_SIGNING_SECRET',
    timeout_seconds: TIMEOUT_SECONDS,
    retry: MANY_RETRIES,
    ...wants,
  }
}

/** All items as JSON lists, each of which fits into a variable. */
function inParts(items: object[]): string[] {
  const parts: object[][] = [[]]
  for (const item of items) {
    const last = parts.at(-1) ?? []
    if (JSON.stringify([...last, item]).length <= MAX_VARIABLE_BYTES) last.push(item)
    else parts.push([item])
  }
  return parts.map((part) => JSON.stringify(part))
}
