// What needs an operator's attention: one list for the API, the command line, the console, the metrics and the relay's own
// events. Pure: a record of facts in, entries out.
import type { Refusals } from '../intake/refusals.ts'
import type { RelayState } from '../ledger/database.ts'
import {
  ofInvalidSettings,
  ofShortenedRetention,
  ofUnreadable,
  type ShortenedRetention,
} from './attention/configuration.ts'
import type { Attention } from './attention/entry.ts'
import {
  type DatabaseFacts,
  ofBodies,
  ofCron,
  ofDatabase,
  ofFigures,
  ofLedger,
  ofPacks,
  ofQuarantine,
  ofSchema,
  ofUnread,
  type UnreadableBodies,
} from './attention/relay.ts'
import { ofRefusals, ofSource, type SourceFacts } from './attention/sources.ts'
import { ofSpill, type SpillStatus } from './attention/spill.ts'
import { ofTarget, type TargetFacts } from './attention/targets.ts'

/** What is known of the relay. A part that could not be read is undefined, and is named in `unread`. Epoch milliseconds. */
export type Facts = {
  /** Why names of sources or targets cannot be read, each with its path. */
  unreadable: readonly string[]
  /** Settings of the relay itself that are invalid, each with its name. */
  invalid: readonly string[]
  shortened: ShortenedRetention | undefined
  targets: readonly TargetFacts[]
  sources: readonly SourceFacts[]
  refusals: readonly Refusals[]
  quarantine: { count: number; areMore: boolean } | undefined
  /** The differences of the ledger of the last day. */
  ledger: readonly string[] | undefined
  /** Null when the queue does not report it. */
  spill: SpillStatus | null
  cron: Pick<RelayState, 'cronAt'> | undefined
  figuresAsOf: number | undefined
  /** Whether packs are in R2 while no bucket is bound. */
  arePacksUnreadable: boolean
  database: DatabaseFacts | undefined
  /** Undefined also when there are none. */
  bodies: UnreadableBodies | undefined
  /** What is wrong with the schema, as a sentence; undefined when nothing is. */
  schemaProblem: string | undefined
  unread: readonly { part: string; fault: string }[]
}

/** What needs attention, the most urgent first. `now` in epoch milliseconds. */
export function attentionOf(facts: Facts, now: number): Attention[] {
  const { cron, database, quarantine, ledger } = facts
  return [
    ...ofUnread(facts.unread),
    ...ofUnreadable(facts.unreadable),
    ...ofInvalidSettings(facts.invalid),
    ...ofShortenedRetention(facts.shortened, now),
    ...ofSchema(facts.schemaProblem),
    ...(cron ? ofCron(cron, now) : []),
    ...(database ? ofDatabase(database) : []),
    ...ofPacks(facts.arePacksUnreadable),
    ...ofSpill(facts.spill, now),
    ...(facts.bodies ? ofBodies(facts.bodies) : []),
    ...facts.targets.flatMap((target) => ofTarget(target, now)),
    ...facts.sources.flatMap((source) => ofSource(source, now)),
    ...ofRefusals(facts.refusals, now),
    ...(quarantine ? ofQuarantine(quarantine) : []),
    ...(ledger ? ofLedger(ledger) : []),
    ...ofFigures(facts.figuresAsOf, now),
  ]
}
