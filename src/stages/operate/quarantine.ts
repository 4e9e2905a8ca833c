// Quarantined messages → events, once they are understood; or dismissed with a reason. Nothing is deleted.
import type { Config } from '../../config.ts'
import { warningTexts } from '../../core/events/event.ts'
import { type EventId, ID_RANDOM_RANGE, neighbourId } from '../../core/id.ts'
import type { Env, Tools } from '../../env.ts'
import {
  type EventRecord,
  isDeliverable,
  recordEvents,
  writeAnew,
} from '../../store/intake/records.ts'
import {
  dismissQuarantined,
  listQuarantinedMessages,
  type QuarantineFilter,
} from '../../store/operate/quarantine.ts'
import { enqueueDeliveries, firstMessages } from '../deliveries/enqueue.ts'
import { withHeldForTargets } from '../deliveries/held-for.ts'
import { recordSystemEvent } from '../deliveries/system-events.ts'
import { historiesFor } from '../events/meaning.ts'
import { completeRecords, subjectOf } from '../intake/commit.ts'
import { redraftRecord } from '../intake/draft.ts'

/** How far from its own id, beyond half the range, a message may have those of the events inferred from it. */
const MAX_INFERRED_AWAY = ID_RANDOM_RANGE / 4

/** The result for some messages. `next`: the last of them, when there are more. */
export type ReleaseResult = {
  released: { id: EventId; status: string; type: string; deliveries: number }[]
  refused: { id: EventId; issues: string[] }[]
  next: EventId | undefined
}

/**
 * Releases quarantined messages that match, after an event, at most `limit`: those that are understood by now become
 * events and are delivered; the others stay, with the reason. `origin` is the relay's own, where its schemas are.
 */
export async function release(
  env: Pick<Env, 'DB' | 'RETRIES' | 'ARCHIVE'>,
  config: Config,
  filter: QuarantineFilter,
  {
    after,
    limit,
    isDryRun,
    origin,
  }: { after: EventId | undefined; limit: number; isDryRun: boolean; origin: string },
  tools: Tools,
): Promise<ReleaseResult> {
  const page = await listQuarantinedMessages(env, filter, { after, limit })
  const result: ReleaseResult = {
    released: [],
    refused: [],
    next: page.length === limit ? page.at(-1)?.id : undefined,
  }
  for (const stored of page) {
    const draft = await redraftRecord(config, stored, origin)
    if (draft.ok && 'event' in draft.value.content) {
      result.released.push(await releaseOne(env, config, draft.value, isDryRun, tools))
    } else {
      const issues = draft.ok ? issuesOf(draft.value) : [draft.error]
      result.refused.push({ id: stored.id, issues })
    }
  }
  const events = result.released.map(({ id }) => id)
  if (events.length > 0 && !isDryRun) {
    await recordSystemEvent(env, config, { type: 'relay.events_released', data: { events } }, tools)
  }
  return result
}

function issuesOf({ content }: EventRecord): string[] {
  return 'issues' in content ? warningTexts(content.issues) : []
}

async function releaseOne(
  env: Pick<Env, 'DB' | 'RETRIES' | 'ARCHIVE'>,
  config: Config,
  draft: EventRecord,
  isDryRun: boolean,
  tools: Tools,
): Promise<ReleaseResult['released'][number]> {
  const { id } = draft
  const histories = await historiesFor(env, [subjectOf(draft)], 'arrival')
  const routing = await withHeldForTargets(env.DB, config)
  const complete = async () => {
    const first = Math.floor(tools.random() * MAX_INFERRED_AWAY)
    const context = { idFor: (n: number) => neighbourId(id, first + n), now: tools.now() }
    const records = await completeRecords(routing, [draft], histories, context)
    return records.map((record) =>
      record.id === id ? { ...record, entry: 'released' as const } : record,
    )
  }
  const [{ type, deliveries } = draft] = await complete()
  if (isDryRun) return { id, status: 'accepted', type, deliveries: deliveries.length }
  const receipts = await writeAnew(async () => recordEvents(env.DB, await complete(), config))
  const written = receipts.filter(isDeliverable).map(({ record }) => record)
  await enqueueDeliveries(env.RETRIES, written.flatMap(firstMessages), tools)
  const [own] = receipts
  const hasDeliveries = own !== undefined && isDeliverable(own)
  const status = own?.status ?? 'not_recorded'
  return { id, status, type, deliveries: hasDeliveries ? deliveries.length : 0 }
}

/** Dismisses quarantined messages that match, at most `limit`, with a reason. They stay in the log. */
export async function dismiss(
  env: Pick<Env, 'DB' | 'RETRIES' | 'ARCHIVE'>,
  config: Config,
  filter: QuarantineFilter,
  { reason, limit }: { reason: string; limit: number },
  tools: Tools,
): Promise<EventId[]> {
  const events = await dismissQuarantined(env.DB, filter, { reason, limit })
  if (events.length > 0) {
    await recordSystemEvent(
      env,
      config,
      { type: 'relay.events_dismissed', data: { events, reason } },
      tools,
    )
  }
  return events
}
