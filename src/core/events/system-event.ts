// The relay's own events: changes of targets, people and the quarantine, what needs attention, and acts of operators. Targets can
// receive them.
import * as v from 'valibot'
import { type EventId, timeOfId } from '../id.ts'
import { ENVELOPE, mark } from './envelope.ts'
import { formatInstant, Instant } from './time.ts'

/** The source name of the relay's own events. No configured source may have it. */
export const RELAY_SOURCE = 'relay'

const count = v.pipe(v.number(), v.integer())

/** The state of a target after a change. */
export const NewTargetState = v.picklist(['active', 'backing_off', 'paused', 'failing', 'gone'])

const targetChanged = v.object({
  target: v.string(),
  state: NewTargetState,
  failures: count,
  failing_since: v.nullable(Instant),
  next_probe_at: v.nullable(Instant),
  /** Events of before do not have it. */
  times_backed_off: v.exactOptional(count),
})

/** Something that needs attention. `name`: of the target or source that it is about. */
const issue = v.object({
  cause: v.string(),
  about: v.string(),
  name: v.nullable(v.string()),
  words: v.string(),
  opened_at: Instant,
})

const personId = v.string()

/** Who: an e-mail address from Cloudflare Access, or the name of the token: `ADMIN_TOKEN`, or `VIEWER_TOKEN`, which only signs in. */
const by = v.string()

/** The acts of operators that `relay.operator_acted` records. */
export const OPERATOR_ACTS = [
  'replayed an event',
  'renormalized events',
  'started a replay',
  'stopped a replay',
  'resumed a replay',
  'paused a target',
  'resumed a target',
  'tested a target',
  'released from quarantine',
  'dismissed from quarantine',
  'split a person',
  'split people',
  'merged people',
  'simulated messages',
  'erased a person',
  'changed who is kept out',
  'imported a log',
] as const
export type OperatorAct = (typeof OPERATOR_ACTS)[number]

/** Three acts as version 0.1.0 named them. Its events keep the names, and can be replayed. */
const FORMER_ACTS = ['began a replay', 'normalized an event again', 'simulated'] as const

/** Where operators act. */
export const OPERATED_BY = ['console', 'api', 'command line'] as const

/** The types of the relay's own events, and the schema of their `data`. */
export const RELAY_EVENT_DATA = {
  'relay.target_backing_off': targetChanged,
  'relay.target_recovered': targetChanged,
  'relay.target_failing': targetChanged,
  'relay.target_gone': targetChanged,
  'relay.target_paused': targetChanged,
  'relay.target_resumed': targetChanged,
  'relay.delivery_dead': v.object({
    target: v.string(),
    event: v.string(),
    type: v.string(),
    attempts: count,
    reason: v.string(),
  }),
  'relay.deliveries_cancelled': v.object({
    target: v.string(),
    deliveries: count,
    reason: v.string(),
  }),
  'relay.issue_opened': issue,
  'relay.issue_closed': issue,
  'relay.person_split': v.object({
    person: personId,
    source: v.string(),
    contact: v.nullable(v.string()),
    new_person: personId,
  }),
  'relay.people_merged': v.object({
    person: personId,
    merged_person: personId,
    contacts: count,
  }),
  /** The only one that vendors' contacts are in: what a receiver needs to find its own record. */
  'contact.erased': v.object({
    person: personId,
    contacts: v.array(
      v.object({
        source: v.string(),
        vendor: v.string(),
        vendor_id: v.nullable(v.string()),
        account: v.exactOptional(v.string()),
        email_sha256: v.exactOptional(
          v.pipe(
            v.string(),
            v.description(
              'Of a contact without an id: the SHA-256 of its e-mail address in lower case, in hexadecimal',
            ),
          ),
        ),
      }),
    ),
  }),
  'relay.events_released': v.object({ events: v.array(v.string()) }),
  'relay.events_dismissed': v.object({ events: v.array(v.string()), reason: v.string() }),
  'relay.events_renormalized': v.object({ events: v.array(v.string()), delivered: v.boolean() }),
  'relay.operator_signed_in': v.object({ by }),
  'relay.operator_signed_out': v.object({ by }),
  'relay.operator_acted': v.object({
    by,
    // Older events do not have it.
    via: v.exactOptional(v.picklist(OPERATED_BY)),
    act: v.picklist([...OPERATOR_ACTS, ...FORMER_ACTS]),
    on: v.string(),
  }),
  // Older events have only the target.
  'relay.test': v.object({
    target: v.string(),
    code: v.exactOptional(
      v.pipe(
        v.string(),
        v.description('Another one for each test: who knows it has read the data'),
      ),
    ),
    text: v.exactOptional(
      v.pipe(v.string(), v.description('Characters of two, three and four bytes')),
    ),
  }),
}

/** What version 0.1.0 called `relay.target_backing_off`. Its events keep the name, and can be replayed. */
export const FORMER_EVENT_DATA = {
  'relay.target_opened': v.object({ ...targetChanged.entries, state: v.picklist(['open']) }),
}
export type RelayEventType = keyof typeof RELAY_EVENT_DATA

type Typed = {
  [T in RelayEventType]: { type: T; data: v.InferOutput<(typeof RELAY_EVENT_DATA)[T]> }
}[RelayEventType]

/** Type and data of an event of the relay's own, before it has an id and a time. */
export type NewSystemEvent = Typed

/** One about an operator. */
type NewOperatorEvent = Extract<Typed, { type: `relay.operator_${string}` }>

/** The schema of the attributes of an event of the relay's own, except `type` and `data`. */
export const SYSTEM_ENVELOPE = {
  ...ENVELOPE,
  source: v.literal('/relay'),
  relaysource: v.literal(RELAY_SOURCE),
  test: mark('A test of a target'),
}

/** An event of the relay's own, as a CloudEvent. */
export type SystemEvent = Typed & v.InferOutput<v.ObjectSchema<typeof SYSTEM_ENVELOPE, undefined>>

/** The event in full. Its time is that of the id; its subject is the target or person it is about. */
export function composeSystemEvent(id: EventId, typed: Typed): SystemEvent {
  const at = formatInstant(timeOfId(id))
  return {
    specversion: '1.0',
    id,
    ...typed,
    source: '/relay',
    ...subjectOf(typed),
    time: at,
    datacontenttype: 'application/json',
    relaysource: RELAY_SOURCE,
    receivedat: at,
    ...(typed.type === 'relay.test' ? { test: true } : {}),
  }
}

function subjectOf({ data }: Typed): { subject?: string } {
  if ('cause' in data) return data.name === null ? {} : { subject: `${data.about}/${data.name}` }
  if ('target' in data) return { subject: `target/${data.target}` }
  return 'person' in data ? { subject: `person/${data.person}` } : {}
}

/** True for what an operator did. */
export function isOperatorEvent(fact: NewSystemEvent): fact is NewOperatorEvent {
  return fact.type.startsWith('relay.operator_')
}

/** True for an event of the relay's own. */
export function isSystemEvent(event: { relaysource: string }): event is SystemEvent {
  return event.relaysource === RELAY_SOURCE
}
