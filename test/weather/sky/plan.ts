// The schedule of a seed: a world, and weather of all kinds.
import { Random } from '../machine/random.ts'
import { TARGET_NAMES } from '../world/config.ts'
import type { Fault, FaultKind, Schedule } from './schedule.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Days at the end of a run without weather: a schedule of retries takes 75 hours. */
const FAIR_DAYS = 5

/** How long a retention of a day is configured by mistake, once in a plan: a shorter one takes effect after a day. */
const MISTYPED_MS = 20 * HOUR

/** How often a kind is chosen, and how long it lasts. */
const KINDS: Record<FaultKind, { weight: number; least: number; most: number }> = {
  d1: { weight: 8, least: 5000, most: 2 * DAY },
  full: { weight: 1, least: HOUR, most: 4 * DAY },
  filling: { weight: 1, least: HOUR, most: 4 * DAY },
  queue: { weight: 5, least: 10_000, most: 2 * DAY },
  r2: { weight: 1, least: MINUTE, most: DAY },
  cuts: { weight: 4, least: MINUTE, most: 6 * HOUR },
  'no-cron': { weight: 2, least: 5 * MINUTE, most: 12 * HOUR },
  config: { weight: 4, least: MINUTE, most: 3 * DAY },
  receiver: { weight: 6, least: MINUTE, most: 9 * DAY },
  schema: { weight: 0, least: HOUR, most: DAY },
  deploy: { weight: 1, least: HOUR, most: DAY },
  'time-travel': { weight: 1, least: MINUTE, most: MINUTE },
}

/** The schedule of a seed over some days. */
export function planOf(seed: number, days: number, hasBefore: boolean): Schedule {
  const random = new Random(seed, 'plan')
  const targets = ['steady', 'alerts', 'door', ...some(TARGET_NAMES.slice(3), random)]
  const stormy = Math.max(1, days - FAIR_DAYS)
  const faults: Fault[] = []
  const count = 2 + random.below(Math.max(3, Math.round(days / 2)))
  for (let i = 0; i < count; i++) {
    const fault = faultOf(targets, stormy * DAY, random)
    if (fault.kind === 'deploy' && !hasBefore) continue
    if (fault.how === 'retention') {
      if (faults.some(({ how }) => how === 'retention')) continue
      fault.ms = Math.min(fault.ms, MISTYPED_MS)
    }
    faults.push(fault)
  }
  // The code came a while before its migration, or right after it.
  if (random.chance(0.15))
    faults.push({ kind: 'schema', from: 0, ms: random.logBetween(MINUTE, DAY) })
  return {
    seed,
    days,
    fairDays: FAIR_DAYS,
    isolates: 1 + random.below(3),
    people: 3 + random.below(8),
    perDay: Math.round(random.logBetween(0.5, 6) * 10) / 10,
    targets,
    faults: faults.sort((a, b) => a.from - b.from),
    ...(random.chance(0.5) ? { skewMs: Math.round(random.logBetween(10, 3000)) } : {}),
    ...(random.chance(0.4) ? { archive: true } : {}),
    ...(random.chance(0.6) ? { hotDays: 1 + random.below(3) } : {}),
  }
}

function some(names: string[], random: Random): string[] {
  return names.filter(() => random.chance(0.5))
}

function faultOf(targets: string[], until: number, random: Random): Fault {
  const kinds = Object.keys(KINDS) as FaultKind[]
  const weights = kinds.map((kind) => KINDS[kind].weight)
  let rest = random.next() * weights.reduce((sum, weight) => sum + weight, 0)
  const kind =
    kinds.find((_, i) => {
      rest -= weights[i] ?? 0
      return rest < 0
    }) ?? 'd1'
  const { least, most } = KINDS[kind]
  const ms = Math.round(Math.min(random.logBetween(least, most), until / 2))
  const from = Math.round(random.between(HOUR, Math.max(2 * HOUR, until - ms)))
  return { kind, from, ms, ...detailsOf(kind, targets, random) }
}

function detailsOf(kind: FaultKind, targets: string[], random: Random): Partial<Fault> {
  const share = random.chance(0.6) ? 1 : Math.round(random.between(0.05, 0.9) * 100) / 100
  switch (kind) {
    case 'd1':
      return {
        how: random.pick([
          'refuse',
          'silent',
          'slow',
          'lose-answer',
          'refuse-writes',
          'refuse-writes',
        ]),
        share,
      }
    case 'queue':
      return {
        on: random.pick(['-deliveries', '-retries', '-spill']),
        how: random.pick(['refuse', 'silent', 'slow', 'lose-answer']),
        share,
      }
    case 'r2':
      return { how: random.pick(['refuse', 'silent', 'slow', 'lose-answer']), share }
    case 'cuts':
      return { share: Math.round(random.logBetween(0.0005, 0.02) * 10_000) / 10_000 }
    case 'config': {
      const how = random.pick([
        ...['targets-text', 'sources-text', 'nameless', 'misnamed', 'removed', 'renamed'],
        ...['secret-missing', 'retention'],
      ])
      const isAboutTarget = ['nameless', 'misnamed', 'removed', 'renamed'].includes(how)
      return isAboutTarget
        ? { how, on: random.pick(targets.filter((name) => name !== 'alerts')) }
        : { how }
    }
    case 'receiver':
      return {
        on: random.pick(targets),
        how: random.pick(['down', 'down', 'silent', 'gone', 'redirect', 'busy', 'unauthorized']),
      }
    default:
      return {}
  }
}
