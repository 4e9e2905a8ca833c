// What needs attention: its facts, from the configuration, D1 and the spill queue. Reads only, so it answers while D1 refuses
// writes; a part that cannot be read is an entry of its own.
import { type Config, isBrokenSource } from '../../config.ts'
import { HEALTHY, type Health } from '../../core/deliveries/breaker.ts'
import { isBroken } from '../../core/deliveries/target.ts'
import { discrepancies, tally } from '../../core/ledger/ledger.ts'
import type { Snapshot } from '../../core/ledger/snapshot.ts'
import { dayBefore } from '../../core/ledger/trouble.ts'
import type { Attention } from '../../core/operate/attention/entry.ts'
import type { DatabaseFacts } from '../../core/operate/attention/relay.ts'
import type { SourceFacts } from '../../core/operate/attention/sources.ts'
import type { TargetFacts } from '../../core/operate/attention/targets.ts'
import { attentionOf, type Facts } from '../../core/operate/attention.ts'
import type { Env, Tools } from '../../env.ts'
import { listHealth } from '../../store/deliveries/targets.ts'
import { listCounts } from '../../store/ledger/ledger.ts'
import { readRelayState } from '../../store/ledger/relay-state.ts'
import { getSnapshot } from '../../store/ledger/snapshot.ts'
import { listCauses } from '../../store/operate/quarantine.ts'
import { readSchema, type Schema, schemaProblem } from '../../store/schema.ts'
import { withTimeout } from '../../store/timeout.ts'

/** The messages in quarantine that are counted. */
const MAX_CAUSES = 200

/** What needs attention, and the facts about the relay itself that operators are shown; undefined where they were not read. */
export type Status = {
  attention: Attention[]
  schema: Schema | undefined
  database: DatabaseFacts | undefined
  /** Whether a part could not be read, so that what is not listed may need attention too. */
  isComplete: boolean
}

/** Reads what needs attention. Never throws: what fails is logged and listed. */
export async function readStatus(
  env: Pick<Env, 'DB' | 'SPILL'>,
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
  const [schema, relay, healths, snapshot, causes, counts, count] = await Promise.all([
    part('schema', () => readSchema(DB)),
    part('size and cron', () => readRelayState(DB)),
    part('states of targets', () => listHealth(DB)),
    part('figures', () => getSnapshot(DB)),
    part('quarantine', () => listCauses(DB, { limit: MAX_CAUSES })),
    part('ledger', () => listCounts(DB, { since: dayBefore(now), until: now + 1 })),
    countSpilled(env, tools),
  ])
  const { databaseBytes: limit, rawRetentionDays, rawRetentionMinDays } = config
  const database = relay && { ...relay, limit, rawRetentionDays, rawRetentionMinDays }
  const facts: Facts = {
    targets: targetsOf(config, healths, snapshot),
    sources: sourcesOf(config, snapshot),
    refusals: snapshot?.refusals ?? [],
    quarantine: causes && {
      count: causes.items.reduce((sum, { count }) => sum + count, 0),
      areMore: causes.next !== undefined,
    },
    ledger: counts && discrepancies(tally(counts)),
    spill: { count, oldest: null },
    cron: relay?.state,
    figuresAsOf: snapshot?.asOf,
    database,
    schemaProblem: schema && schemaProblem(schema),
    unread,
  }
  return { attention: attentionOf(facts, now), schema, database, isComplete: unread.length === 0 }
}

/** The targets that are configured, and those of which the log has deliveries. */
function targetsOf(
  { targets }: Config,
  healths: ReadonlyMap<string, Health> | undefined,
  snapshot: Snapshot | undefined,
): TargetFacts[] {
  const all = snapshot?.targets ?? []
  const configured = targets.map((target) => {
    const { state, failingSince, probeAt } = healths?.get(target.name) ?? HEALTHY
    const reason = isBroken(target) ? target.broken : null
    return {
      name: target.name,
      state: isBroken(target)
        ? ('broken' as const)
        : target.enabled
          ? state
          : ('disabled' as const),
      reason,
      failingSince,
      nextProbeAt: probeAt,
      figures: all.find(({ name }) => name === target.name),
    }
  })
  const unconfigured = all
    .filter(({ name }) => !targets.some((target) => target.name === name))
    .map((figures) => ({
      name: figures.name,
      state: 'unconfigured' as const,
      reason: null,
      failingSince: undefined,
      nextProbeAt: undefined,
      figures,
    }))
  return [...configured, ...unconfigured]
}

function sourcesOf({ sources }: Config, snapshot: Snapshot | undefined): SourceFacts[] {
  return [...sources.values()].map((source) => ({
    name: source.name,
    broken: isBrokenSource(source) ? source.broken : undefined,
    figures: snapshot?.sources.find(({ name }) => name === source.name),
  }))
}

/** The number of requests in the spill queue; null when the queue does not report it. */
export async function countSpilled(
  { SPILL }: Pick<Env, 'SPILL'>,
  { log }: Pick<Tools, 'log'>,
): Promise<number | null> {
  try {
    return (await withTimeout(SPILL.metrics(), 'the queue')).backlogCount
  } catch (error) {
    const fault = 'the spill queue did not report its length'
    log({ at: 'attention', fault, detail: String(error) })
    return null
  }
}
