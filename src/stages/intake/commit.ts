// Recording messages once they are made: the log is asked, they are completed by it, and written with what follows.
import type { Config } from '../../config.ts'
import type { EventId } from '../../core/id.ts'
import type { Log } from '../../env.ts'
import type { BatchDatabase } from '../../store/group-commit.ts'
import type { NewRecord } from '../../store/intake/new-record.ts'
import { type Recorded, recordEvents } from '../../store/intake/records.ts'
import { withTimeout } from '../../store/timeout.ts'
import { type AsOf, completeRecords, historiesFor, newcomersAmong } from '../events/meaning.ts'
import type { Made } from './draft.ts'

/** What was recorded, and what became of each. */
type RecordedAll = { records: NewRecord[]; recorded: Recorded[] }

/**
 * Asks the log, completes records by it, and records them. When two halves of one act come at the same moment, neither
 * is in the log that the other is read by: whichever is recorded second asks again, for what follows from both. Throws
 * when D1 does, or takes too long for all of it; then nothing is written, unless it is written late.
 */
export async function recordMade(
  db: BatchDatabase,
  config: Config,
  made: readonly Made[],
  asOf: AsOf,
  { idFor, now, log }: { idFor: (n: number) => EventId; now: number; log: Log },
): Promise<RecordedAll> {
  const first = await withTimeout(recordInLight(db, config, made, asOf, { idFor, now }))
  const { records, recorded } = first
  const overtaken = made.filter((_, i) => recorded[i]?.isOvertaken)
  if (overtaken.length === 0) return first
  const nextIdFor = (n: number) => idFor(records.length - made.length + n)
  const missed = recordMissed(db, config, overtaken, { idFor: nextIdFor, now })
  const more = await withTimeout(missed).catch((error): RecordedAll => {
    // The events themselves are safe: the sender must not be told otherwise.
    log({ at: 'meaning', fault: 'what follows was not recorded', detail: String(error) })
    return { records: [], recorded: [] }
  })
  return {
    records: [...records, ...more.records],
    recorded: [...recorded, ...more.recorded],
  }
}

type Tools = { idFor: (n: number) => EventId; now: number }

/** Records events in the light of what the log knows. */
async function recordInLight(
  db: BatchDatabase,
  config: Config,
  made: readonly Made[],
  asOf: AsOf,
  tools: Tools,
): Promise<RecordedAll> {
  const histories = await historiesFor(db, made, asOf)
  const records = await completeRecords(config, made, histories, tools)
  const unseen = asOf === 'now' ? newcomersAmong(made, histories) : []
  const sources = [...config.sources.keys()]
  return { records, recorded: await recordEvents(db, records, sources, unseen) }
}

/** Records what follows from events that are in the log, as far as it is not there yet. */
async function recordMissed(
  db: BatchDatabase,
  config: Config,
  made: readonly Made[],
  tools: Tools,
): Promise<RecordedAll> {
  const histories = await historiesFor(db, made, 'arrival')
  const records = (await completeRecords(config, made, histories, tools)).slice(made.length)
  return { records, recorded: await recordEvents(db, records) }
}
