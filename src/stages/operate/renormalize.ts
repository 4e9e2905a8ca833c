// Stored messages → their events by the present mapping: shown, written, or written and sent again.
import { type Config, isBrokenSource } from '../../config.ts'
import { type MembershipEvent, warningTexts } from '../../core/events/event.ts'
import type { EventId } from '../../core/id.ts'
import { parseJson } from '../../core/intake/json.ts'
import { type Change, differences } from '../../core/operate/diff.ts'
import type { Period } from '../../core/period.ts'
import type { Env, Tools } from '../../env.ts'
import { restartDeliveries } from '../../store/deliveries/restart-deliveries.ts'
import { listAcceptedMessages, type StoredMessage } from '../../store/events/stored-message.ts'
import { updateEvents } from '../../store/events/update-events.ts'
import { enqueueDeliveries } from '../deliveries/enqueue.ts'
import { withHeldForTargets } from '../deliveries/held-for.ts'
import { recordSystemEvent } from '../deliveries/system-events.ts'
import { historiesFor } from '../events/meaning.ts'
import { completeRecords, subjectOf } from '../intake/commit.ts'
import { redraftRecord } from '../intake/draft.ts'

/** Which events to normalize again: their sources and period, after which event, and how many at once. */
type RenormalizeRequest = {
  period: Period
  source: string | undefined
  after: EventId | undefined
  limit: number
  isDryRun: boolean
  /** Whether changed events are sent again to the targets that want them now. */
  deliver: boolean
  /** The relay's own origin, where its schemas are. */
  origin: string
}

/** Some events by the present mapping. `next`: the last of them, when there are more. */
export type RenormalizeResult = {
  checked: number
  changed: { id: EventId; was: string; is: string; differences: Change[] }[]
  /** Messages that the present mapping does not understand: they stay as they are. */
  refused: { id: EventId; issues: string[] }[]
  /** How many stay as they are because their bytes are past retention. */
  pruned: number
  next: EventId | undefined
}

/** Normalizes some events again, each by what was known when it was received. */
export async function renormalize(
  env: Pick<Env, 'DB' | 'RETRIES'>,
  config: Config,
  request: RenormalizeRequest,
  tools: Tools,
): Promise<RenormalizeResult> {
  const { period, source, after, limit, isDryRun, deliver, origin } = request
  const usable = [...config.sources.values()].filter((one) => !isBrokenSource(one))
  const sources = usable.map(({ name }) => name).filter((name) => !source || name === source)
  const page = await listAcceptedMessages(env.DB, { period, sources, after, limit })
  const result: RenormalizeResult = {
    checked: page.length,
    changed: [],
    refused: [],
    pruned: page.filter(({ raw }) => raw === undefined).length,
    next: page.length === limit ? page.at(-1)?.id : undefined,
  }
  for (const stored of page) {
    if (stored.raw === undefined) continue
    const again = await readAgain(env.DB, config, stored, origin, tools)
    if ('issues' in again) result.refused.push({ id: stored.id, issues: again.issues })
    else {
      const found = changesIn(stored, again.event)
      if (found.length === 0) continue
      const { type } = again.event
      result.changed.push({
        id: stored.id,
        was: stored.event?.type ?? '',
        is: type,
        differences: found,
      })
      if (isDryRun) continue
      await updateEvents(env.DB, [again])
      if (deliver) await resend(env, stored.id, again.targets, tools)
    }
  }
  const events = result.changed.map(({ id }) => id)
  if (events.length > 0 && !isDryRun) {
    const data = { events, delivered: deliver }
    await recordSystemEvent(env, config, { type: 'relay.events_renormalized', data }, tools)
  }
  return result
}

type Again = { event: MembershipEvent; contact: string | undefined; targets: string[] }

async function readAgain(
  db: D1Database,
  config: Config,
  stored: StoredMessage,
  origin: string,
  { now }: Tools,
): Promise<Again | { issues: string[] }> {
  const draft = await redraftRecord(config, stored, origin)
  if (!draft.ok) return { issues: [draft.error] }
  const { content } = draft.value
  if ('issues' in content) return { issues: warningTexts(content.issues) }
  const asOf = wasSettled(stored) ? 'arrival' : 'then'
  const histories = await historiesFor(db, [subjectOf(draft.value)], asOf)
  // Events inferred from it were recorded at receipt; a mapping that infers more does so from now on.
  const context = { idFor: () => stored.id, now: now() }
  const routing = await withHeldForTargets(db, config)
  const [own] = await completeRecords(routing, [draft.value], histories, context)
  if (own === undefined || 'issues' in own.content) return { issues: [] }
  const event = parseJson(JSON.stringify(own.content.event)) as MembershipEvent
  return {
    event: stored.event?.time === event.time ? withLate(event, stored.event.late) : event,
    contact: own.contactId,
    targets: own.deliveries.map(({ target }) => target),
  }
}

/** Whether an event was late was decided at receipt, by what the log had then. */
function withLate({ late: _, ...event }: MembershipEvent, late: true | undefined): MembershipEvent {
  return { ...event, ...(late ? { late } : {}) } as MembershipEvent
}

/** Whether an event was settled when it was sent, by events after it. */
function wasSettled({ id, event }: StoredMessage): boolean {
  return event?.data.inference?.evidence.some((other) => other > id) ?? false
}

/** The differences, but for the mapping's version, the wording of warnings and the schema's origin. */
function changesIn(stored: StoredMessage, event: MembershipEvent): Change[] {
  const { event: was } = stored
  if (was === undefined) return []
  const dataschema = was.type === event.type ? was.dataschema : event.dataschema
  const { mappingversion } = was
  const now = { ...withoutWarnings(event), mappingversion, dataschema }
  return differences(withoutWarnings(was), now)
}

function withoutWarnings({ data, ...event }: MembershipEvent): object {
  const { warnings: _, ...facts } = data
  return { ...event, data: facts }
}

async function resend(
  { DB, RETRIES }: Pick<Env, 'DB' | 'RETRIES'>,
  event: EventId,
  targets: readonly string[],
  tools: Tools,
): Promise<void> {
  const messages = await restartDeliveries(DB, event, { targets, now: tools.now(), rerender: true })
  await enqueueDeliveries(RETRIES, messages, tools)
}
