// history → what the present mapping makes of it: shown, kept, or kept and sent again.
import { type Config, isBrokenSource } from '../../config.ts'
import { type MembershipEvent, warningTexts } from '../../core/events/event.ts'
import type { EventId } from '../../core/id.ts'
import { parseJson } from '../../core/intake/json.ts'
import { type Change, differences } from '../../core/operate/diff.ts'
import type { Period } from '../../core/period.ts'
import type { Env } from '../../env.ts'
import { restartDeliveries } from '../../store/deliveries/restart-deliveries.ts'
import { listAcceptedMessages, type StoredMessage } from '../../store/events/stored-message.ts'
import { updateEvents } from '../../store/events/update-events.ts'
import { setAlarms } from '../deliveries/enqueue.ts'
import { type OperatorTools, tellOf } from '../deliveries/health.ts'
import { completeRecords, historiesFor } from '../events/meaning.ts'
import { remakeRecord } from '../intake/draft.ts'

/** What is to be normalized again: which sources, of which time, after which event, how many at once. */
export type RenormalizeRequest = {
  period: Period
  source: string | undefined
  after: EventId | undefined
  limit: number
  isDryRun: boolean
  /** Whether what has changed is sent again to those who want it now. */
  deliver: boolean
}

/** What the present mapping makes of some events; `next` is where to go on when there are more. */
export type Renormalized = {
  checked: number
  changed: { id: EventId; was: string; is: string; differences: Change[] }[]
  /** What the present mapping does not understand: it stays as it is. */
  refused: { id: EventId; issues: string[] }[]
  /** How many stay as they are because their bytes are no longer kept. */
  pruned: number
  next: EventId | undefined
}

/** Normalizes some history again, each event in the light of what was known when it came. */
export async function renormalize(
  env: Pick<Env, 'DB' | 'RETRIES'>,
  config: Config,
  request: RenormalizeRequest,
  tools: OperatorTools,
): Promise<Renormalized> {
  const { period, source, after, limit, isDryRun, deliver } = request
  const usable = [...config.sources.values()].filter((one) => !isBrokenSource(one))
  const sources = usable.map(({ name }) => name).filter((name) => !source || name === source)
  const page = await listAcceptedMessages(env.DB, { period, sources, after, limit })
  const result: Renormalized = {
    checked: page.length,
    changed: [],
    refused: [],
    pruned: page.filter(({ raw }) => raw === undefined).length,
    next: page.length === limit ? page.at(-1)?.id : undefined,
  }
  for (const kept of page) {
    if (kept.raw === undefined) continue
    const again = await readAgain(env.DB, config, kept, tools)
    if ('issues' in again) result.refused.push({ id: kept.id, issues: again.issues })
    else {
      const found = changesIn(kept, again.event)
      if (found.length === 0) continue
      const { type } = again.event
      result.changed.push({
        id: kept.id,
        was: kept.event?.type ?? '',
        is: type,
        differences: found,
      })
      if (isDryRun) continue
      await updateEvents(env.DB, [again])
      if (deliver) await sendAnew(env, kept.id, again.targets, tools)
    }
  }
  const events = result.changed.map(({ id }) => id)
  if (events.length > 0 && !isDryRun) {
    const data = { events, delivered: deliver }
    await tellOf(env, config, { type: 'relay.events_renormalized', data }, tools)
  }
  return result
}

type Again = { event: MembershipEvent; contact: string | undefined; targets: string[] }

async function readAgain(
  db: D1Database,
  config: Config,
  kept: StoredMessage,
  { origin, now }: OperatorTools,
): Promise<Again | { issues: string[] }> {
  const made = await remakeRecord(config, kept, origin)
  if (!made.ok) return { issues: [made.error] }
  const { content } = made.value.record
  if ('issues' in content) return { issues: warningTexts(content.issues) }
  const histories = await historiesFor(db, [made.value], wasSettled(kept) ? 'arrival' : 'then')
  // What follows from it was told when it came; a mapping that learns to conclude more does so from now on.
  const [own] = await completeRecords(config, [made.value], histories, {
    idFor: () => kept.id,
    now: now(),
  })
  if (own === undefined || 'issues' in own.content) return { issues: [] }
  const event = parseJson(own.content.event) as MembershipEvent
  return {
    event: kept.event?.time === event.time ? withLate(event, kept.event.late) : event,
    contact: own.contactId,
    targets: own.planned.map(({ target }) => target),
  }
}

/** Whether an event of this time was late was settled when it came, by whatever was in the log by then. */
function withLate({ late: _, ...event }: MembershipEvent, late: true | undefined): MembershipEvent {
  return { ...event, ...(late ? { late } : {}) } as MembershipEvent
}

/** Whether what an event says was settled when it was sent, by what had come after it. */
function wasSettled({ id, event }: StoredMessage): boolean {
  return event?.data.inference?.evidence.some((other) => other > id) ?? false
}

/** What is different, beside the version of the mapping and the origin of the schema. */
function changesIn(kept: StoredMessage, event: MembershipEvent): Change[] {
  const { event: was } = kept
  if (was === undefined) return []
  const same = { mappingversion: was.mappingversion }
  const dataschema = was.type === event.type ? was.dataschema : event.dataschema
  return differences(was, { ...event, ...same, dataschema })
}

async function sendAnew(
  { DB, RETRIES }: Pick<Env, 'DB' | 'RETRIES'>,
  event: EventId,
  targets: readonly string[],
  { now, log }: OperatorTools,
): Promise<void> {
  const messages = await restartDeliveries(DB, event, {
    targets,
    now: now(),
    rerender: true,
  })
  await setAlarms(RETRIES, messages, now(), log)
}
