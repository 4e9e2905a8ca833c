// Stored messages → their events by the present mapping: shown, written, or written and sent again.
import { type Config, isBrokenSource } from '../../config.ts'
import { bareKeyOf } from '../../core/events/contact-key.ts'
import { type MembershipEvent, warningTexts } from '../../core/events/event.ts'
import type { History } from '../../core/events/history.ts'
import type { EventId } from '../../core/id.ts'
import { parseJson } from '../../core/intake/json.ts'
import { type Change, differences } from '../../core/operate/diff.ts'
import type { Period } from '../../core/period.ts'
import type { Result } from '../../core/result.ts'
import type { Env, Tools } from '../../env.ts'
import { listAcceptedMessages, type StoredMessage } from '../../store/events/stored-message.ts'
import { type ReplacedEvent, updateEvents } from '../../store/events/update-events.ts'
import type { EventRecord } from '../../store/intake/records.ts'
import { restoreEvents } from '../../store/ledger/packs/restore.ts'
import { enqueueDeliveries } from '../deliveries/enqueue.ts'
import { withHeldForTargets } from '../deliveries/held-for.ts'
import { restart } from '../deliveries/replay-event.ts'
import { recordSystemEvent } from '../deliveries/system-events.ts'
import { completeRecords } from '../intake/commit.ts'
import { redraftRecord } from '../intake/draft.ts'
import { presentHistories, type Redraft } from './present-history.ts'

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
  env: Pick<Env, 'DB' | 'RETRIES' | 'ARCHIVE'>,
  config: Config,
  request: RenormalizeRequest,
  tools: Tools,
): Promise<RenormalizeResult> {
  const { period, source, after, limit, isDryRun, deliver, origin } = request
  const usable = [...config.sources.values()].filter((one) => !isBrokenSource(one))
  const sources = usable.map(({ name }) => name).filter((name) => !source || name === source)
  const query = { period, sources, after, limit }
  const { messages: page, next } = await listAcceptedMessages(env, query)
  const result: RenormalizeResult = {
    checked: page.length,
    changed: [],
    refused: [],
    pruned: page.filter(isPruned).length,
    next,
  }
  const redrafts: Redraft[] = []
  for (const stored of page) {
    if (isPruned(stored)) continue
    const draft = await redraftRecord(config, stored, origin)
    const issues = issuesOf(draft)
    if (draft.ok && issues === undefined) redrafts.push({ stored, record: draft.value })
    else result.refused.push({ id: stored.id, issues: issues ?? [] })
  }
  const histories = await presentHistories(env, config, redrafts, origin)
  const routing = await withHeldForTargets(env.DB, config)
  const updates: Again[] = []
  for (const [i, redraft] of redrafts.entries()) {
    const again = await readAgain(routing, redraft, histories[i], tools)
    if (again === undefined) continue
    const { stored } = redraft
    const found = changesIn(stored, again.event)
    // A contact that has another key by now is no change of the event, but later events look for it there.
    const isMoved = stored.contact !== again.contact
    if (found.length > 0 || isMoved) updates.push(again)
    if (found.length === 0) continue
    const [was, is] = [stored.event?.type ?? '', again.event.type]
    result.changed.push({ id: stored.id, was, is, differences: found })
  }
  if (!isDryRun && updates.length > 0) {
    await update(env, updates)
    const changed = new Set(result.changed.map(({ id }) => id))
    for (const { event, targets } of updates) {
      if (deliver && changed.has(event.id)) await resend(env, event.id, targets, tools)
    }
  }
  const events = result.changed.map(({ id }) => id)
  if (events.length > 0 && !isDryRun) {
    const data = { events, delivered: deliver }
    await recordSystemEvent(env, config, { type: 'relay.events_renormalized', data }, tools)
  }
  return result
}

type Again = ReplacedEvent & { targets: string[] }

const isPruned = ({ raw, unreadable }: StoredMessage) =>
  raw === undefined && unreadable === undefined

/** Why the present mapping does not understand a message; undefined if it does. */
function issuesOf(draft: Result<EventRecord, string>): string[] | undefined {
  if (!draft.ok) return [draft.error]
  const { content } = draft.value
  return 'issues' in content ? warningTexts(content.issues) : undefined
}

async function readAgain(
  routing: Config,
  { stored, record }: Redraft,
  history: History | undefined,
  { now }: Tools,
): Promise<Again | undefined> {
  // Events inferred from it were recorded at receipt; a mapping that infers more does so from now on.
  const context = { idFor: () => stored.id, now: now() }
  const [own] = await completeRecords(routing, [record], [history], context)
  if (own === undefined || 'issues' in own.content) return undefined
  const event = parseJson(JSON.stringify(own.content.event)) as MembershipEvent
  const hasKept = stored.contact !== undefined && bareKeyOf(stored.contact) === own.contactId
  return {
    event: stored.event?.time === event.time ? withLate(event, stored.event.late) : event,
    contact: hasKept ? stored.contact : own.contactId,
    targets: own.deliveries.map(({ target }) => target),
    apart: stored.apart && stored.raw?.text,
  }
}

/** Whether an event was late was decided at receipt, by what the log had then. */
function withLate({ late: _, ...event }: MembershipEvent, late: true | undefined): MembershipEvent {
  return { ...event, ...(late ? { late } : {}) } as MembershipEvent
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

/** How often it is tried again when events are packed between the two steps. */
const TRIES = 3

/** Replaces events; packed ones are restored first. */
async function update(env: Pick<Env, 'DB' | 'ARCHIVE'>, updates: readonly Again[]): Promise<void> {
  let left = updates
  for (let tries = TRIES; left.length > 0 && tries > 0; tries--) {
    const ids = left.map(({ event }) => event.id)
    await restoreEvents(env, ids)
    const found = new Set(await updateEvents(env.DB, left))
    left = left.filter(({ event }) => !found.has(event.id))
  }
}

async function resend(
  env: Pick<Env, 'DB' | 'RETRIES' | 'ARCHIVE'>,
  event: EventId,
  targets: readonly string[],
  tools: Tools,
): Promise<void> {
  const messages = await restart(env, event, { targets, now: tools.now(), rerender: true })
  await enqueueDeliveries(env.RETRIES, messages, tools)
}
