// What needs attention: its facts, from the configuration, D1 and the spill queue. Reads only, so it answers while D1 refuses
// writes; a part that cannot be read is an entry of its own.
import { type Config, isBrokenSource, isEveryTargetKnown, unreadableTexts } from '../../config.ts'
import { HEALTHY, type Health, nextProbeAt } from '../../core/deliveries/breaker.ts'
import { heldUntil, type KnownTarget } from '../../core/deliveries/known-targets.ts'
import { isBroken } from '../../core/deliveries/target.ts'
import { discrepancies, tally } from '../../core/ledger/ledger.ts'
import { isShorter, obeyedFrom, type RetentionMemory } from '../../core/ledger/retention.ts'
import type { Snapshot, TargetFigures } from '../../core/ledger/snapshot.ts'
import { dayBefore } from '../../core/ledger/trouble.ts'
import type { Attention } from '../../core/operate/attention/entry.ts'
import type { DatabaseFacts } from '../../core/operate/attention/relay.ts'
import type { SourceFacts } from '../../core/operate/attention/sources.ts'
import type { SpillStatus } from '../../core/operate/attention/spill.ts'
import type { TargetFacts } from '../../core/operate/attention/targets.ts'
import { attentionOf, type Facts } from '../../core/operate/attention.ts'
import type { Env, Tools } from '../../env.ts'
import { listKnownTargets } from '../../store/deliveries/known-targets.ts'
import { listHealth } from '../../store/deliveries/targets.ts'
import { listCounts } from '../../store/ledger/ledger.ts'
import { readRelayState } from '../../store/ledger/relay-state.ts'
import { getRetention } from '../../store/ledger/retention.ts'
import { getSnapshot } from '../../store/ledger/snapshot.ts'
import { listCauses } from '../../store/operate/quarantine.ts'
import { readUnreadable } from '../../store/operate/unreadable.ts'
import { readSchema, type Schema, schemaProblem } from '../../store/schema.ts'
import { withTimeout } from '../../store/timeout.ts'
import { readSpill } from '../ledger/spilled.ts'

/** The messages in quarantine that are counted. */
const MAX_CAUSES = 200

/** What needs attention, and the facts about the relay itself that operators are shown; undefined where they were not read. */
export type Status = {
  attention: Attention[]
  schema: Schema | undefined
  database: DatabaseFacts | undefined
  /** Null when the queue does not report it. */
  spill: SpillStatus | null
  /** Whether a part could not be read, so that what is not listed may need attention too. */
  isComplete: boolean
}

/** Reads what needs attention. Never throws: what fails is logged and listed. */
export async function readStatus(
  env: Pick<Env, 'DB' | 'SPILL' | 'ARCHIVE'>,
  config: Config,
  tools: Pick<Tools, 'now' | 'log'>,
): Promise<Status> {
  const now = tools.now()
  const { DB } = env
  const unread: { part: string; fault: string }[] = []
  async function part<T>(name: string, reading: () => Promise<T>): Promise<T | undefined> {
    try {
      return await withTimeout(reading())
    } catch (error) {
      const fault = error instanceof Error ? error.message : String(error)
      unread.push({ part: name, fault })
      tools.log({ at: 'attention', fault: `${name} could not be read`, detail: fault })
      return undefined
    }
  }
  const [schema, relay, healths, known, retention, snapshot, causes, counts, bodies, spill] =
    await Promise.all([
      part('schema', () => readSchema(DB)),
      part('size and cron', () => readRelayState(DB)),
      part('states of targets', () => listHealth(DB)),
      part('known targets', () => listKnownTargets(DB)),
      part('retention', () => getRetention(DB)),
      part('figures', () => getSnapshot(DB)),
      part('quarantine', () => listCauses(DB, { limit: MAX_CAUSES })),
      part('ledger', () => listCounts(env, { since: dayBefore(now), until: now + 1 })),
      part('large bodies', () => readUnreadable(DB)),
      readSpill(env, tools),
    ])
  const { databaseBytes: limit, rawRetentionDays, rawRetentionMinDays } = config
  const database = relay && { ...relay, limit, rawRetentionDays, rawRetentionMinDays }
  const facts: Facts = {
    unreadable: [...unreadableTexts(config, 'sources'), ...unreadableTexts(config, 'targets')],
    invalid: invalidSettings(config),
    shortened: retention && shortenedOf(retention),
    targets: [
      ...targetsOf(config, healths, snapshot),
      ...unconfiguredOf(config, known ?? [], snapshot),
    ],
    sources: sourcesOf(config, snapshot),
    refusals: snapshot?.refusals ?? [],
    quarantine: causes && {
      count: causes.items.reduce((sum, { count }) => sum + count, 0),
      areMore: causes.next !== undefined,
    },
    ledger: counts && discrepancies(tally(counts)),
    spill,
    cron: relay?.state,
    figuresAsOf: snapshot?.asOf,
    arePacksUnreadable: env.ARCHIVE === undefined && relay?.arePacksInR2 === true,
    database,
    bodies,
    schemaProblem: schema && schemaProblem(schema),
    unread,
  }
  const attention = attentionOf(facts, now)
  return { attention, schema, database, spill, isComplete: unread.length === 0 }
}

/** The errors of single variables, such as RETENTION_DAYS: a list of tables that cannot be read is told by itself. */
function invalidSettings({ errors }: Config): string[] {
  const own = errors.filter(
    ({ path }) => /^[A-Z_]+$/.test(path) && !/^(SOURCES|TARGETS)/.test(path),
  )
  return own.map(({ path, message }) => `${path} ${message}`)
}

function shortenedOf({ kept, next }: RetentionMemory): Facts['shortened'] {
  if (kept === undefined || next === undefined || !isShorter(next, kept)) return undefined
  return { days: next.days, rawDays: next.rawDays, from: obeyedFrom(next) }
}

/** The targets that are configured. */
function targetsOf(
  { targets }: Config,
  healths: ReadonlyMap<string, Health> | undefined,
  snapshot: Snapshot | undefined,
): TargetFacts[] {
  return targets.map((target) => {
    const health = healths?.get(target.name) ?? HEALTHY
    const configured = isBroken(target) ? ('broken' as const) : undefined
    return {
      name: target.name,
      state: configured ?? (isBroken(target) || target.enabled ? health.state : 'disabled'),
      reason: isBroken(target) ? target.broken : null,
      heldUntil: undefined,
      failingSince: health.failingSince,
      nextProbeAt: nextProbeAt(health),
      figures: snapshot?.targets.find(({ name }) => name === target.name),
    }
  })
}

const isOwed = ({ deliveries }: TargetFigures) =>
  deliveries.pending + deliveries.retrying + deliveries.held > 0

/** The targets that are not configured, but of which the log has deliveries. Of those that cannot be read, `unreadable` tells. */
function unconfiguredOf(
  config: Config,
  known: readonly KnownTarget[],
  snapshot: Snapshot | undefined,
): TargetFacts[] {
  const all = snapshot?.targets ?? []
  const others = all.filter(({ name }) => !config.targets.some((target) => target.name === name))
  return others.map((figures) => {
    const entry = known.find(({ name }) => name === figures.name)
    const isUnknown = isOwed(figures) && isEveryTargetKnown(config)
    return {
      name: figures.name,
      state: isUnknown ? ('unknown' as const) : ('unconfigured' as const),
      reason: isUnknown ? 'its deliveries are held for a day, then cancelled' : null,
      heldUntil: isUnknown && entry ? heldUntil(entry) : undefined,
      failingSince: undefined,
      nextProbeAt: undefined,
      figures,
    }
  })
}

function sourcesOf({ sources }: Config, snapshot: Snapshot | undefined): SourceFacts[] {
  return [...sources.values()].map((source) => ({
    name: source.name,
    broken: isBrokenSource(source) ? source.broken : undefined,
    figures: snapshot?.sources.find(({ name }) => name === source.name),
  }))
}
