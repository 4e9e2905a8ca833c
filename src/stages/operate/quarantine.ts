// What was not understood → events, once it is; or put away with a reason. Nothing is deleted.
import type { Config } from '../../config.ts'
import { warningTexts } from '../../core/events/event.ts'
import { type EventId, neighbourId } from '../../core/id.ts'
import type { Env } from '../../env.ts'
import {
  dismissQuarantined,
  listQuarantined,
  type QuarantineFilter,
} from '../../store/events/stored-message.ts'
import { recordEvents } from '../../store/intake/records.ts'
import { firstMessages, setAlarms } from '../deliveries/enqueue.ts'
import { type OperatorTools, tellOf } from '../deliveries/health.ts'
import { completeRecords, historiesFor } from '../events/meaning.ts'
import { type Made, remakeRecord } from '../intake/draft.ts'

/** What became of the messages that were looked at; `next` is where to go on when there are more. */
export type Released = {
  released: { id: EventId; status: string; type: string; deliveries: number }[]
  refused: { id: EventId; issues: string[] }[]
  next: EventId | undefined
}

/**
 * Releases quarantined messages that match, after an event, at most `limit`: those that are understood by now become
 * events and go out; the others stay, and say why.
 */
export async function release(
  env: Pick<Env, 'DB' | 'RETRIES'>,
  config: Config,
  filter: QuarantineFilter,
  { after, limit, isDryRun }: { after: EventId | undefined; limit: number; isDryRun: boolean },
  tools: OperatorTools,
): Promise<Released> {
  const page = await listQuarantined(env.DB, filter, after, limit)
  const result: Released = {
    released: [],
    refused: [],
    next: page.length === limit ? page.at(-1)?.id : undefined,
  }
  for (const kept of page) {
    const made = await remakeRecord(config, kept, tools.origin)
    if (made.ok && made.value.event !== undefined) {
      result.released.push(await releaseOne(env, config, made.value, isDryRun, tools))
    } else {
      const issues = made.ok ? issuesOf(made.value) : [made.error]
      result.refused.push({ id: kept.id, issues })
    }
  }
  const events = result.released.map(({ id }) => id)
  if (events.length > 0 && !isDryRun) {
    await tellOf(env, config, { type: 'relay.events_released', data: { events } }, tools)
  }
  return result
}

function issuesOf({ record: { content } }: Made): string[] {
  return 'issues' in content ? warningTexts(content.issues) : []
}

async function releaseOne(
  env: Pick<Env, 'DB' | 'RETRIES'>,
  config: Config,
  made: Made,
  isDryRun: boolean,
  tools: OperatorTools,
): Promise<Released['released'][number]> {
  const now = tools.now()
  const { id, type } = made.record
  const histories = await historiesFor(env.DB, [made], 'arrival')
  const idFor = (n: number) => neighbourId(id, n)
  const [own, ...derived] = await completeRecords(config, [made], histories, { idFor, now })
  if (own === undefined) throw new Error('a message was understood and gave no record')
  const deliveries = own.planned.length
  if (isDryRun) return { id, status: 'accepted', type: own.type, deliveries }
  const records = [{ ...own, isRelease: true as const }, ...derived]
  const recorded = await recordEvents(env.DB, records, [...config.sources.keys()])
  const isOwed = (i: number) => ['accepted', 'derived'].includes(recorded[i]?.status ?? '')
  const messages = records.filter((_, i) => isOwed(i)).flatMap(firstMessages)
  await setAlarms(env.RETRIES, messages, now, tools.log)
  const status = recorded[0]?.status ?? 'unrecorded'
  return { id, status, type: own.type ?? type, deliveries: isOwed(0) ? deliveries : 0 }
}

/** Puts quarantined messages that match away, at most `limit`, with a reason that is told as an event. */
export async function dismiss(
  env: Pick<Env, 'DB' | 'RETRIES'>,
  config: Config,
  filter: QuarantineFilter,
  reason: string,
  limit: number,
  tools: OperatorTools,
): Promise<EventId[]> {
  const events = await dismissQuarantined(env.DB, filter, reason, limit)
  if (events.length > 0) {
    await tellOf(env, config, { type: 'relay.events_dismissed', data: { events, reason } }, tools)
  }
  return events
}
