// Responses about acts of operators: people, replays, quarantine, renormalizing, tests and simulations.
import * as v from 'valibot'
import { PERSON_BASES } from '../../../core/events/envelope.ts'
import { STEP_NAMES, TROUBLES } from '../../../simulator/step.ts'
import * as basic from './basic.ts'
import { count, eventId, personId, Time } from './basic.ts'
import { Attempt } from './events.ts'

export const PersonContact = v.strictObject({
  source: basic.source,
  vendor: basic.vendor,
  contact: v.nullable(basic.contactId),
  account: v.pipe(v.nullable(v.string()), v.description("The vendor's account: Hype's publisher")),
  email: v.nullable(basic.email),
  sites: v.array(v.string()),
  joined_by: v.pipe(
    v.nullable(v.picklist(PERSON_BASES)),
    v.description('Null if the person is its own, or it was joined by earlier rules'),
  ),
})
/** How far an import is. */
export const ImportPosition = v.strictObject({
  position: v.pipe(
    count,
    v.description('How many of the events and rows of the file are in the log'),
  ),
  lines: v.pipe(count, v.description('How many the file has, or how many were sent')),
})
export const Person = v.strictObject({ id: personId, contacts: v.array(PersonContact) })
export const WronglyJoinedPage = v.strictObject({
  people: v.array(
    v.strictObject({
      id: personId,
      parts: v.pipe(
        v.array(v.array(PersonContact)),
        v.description('Contacts that belong together. The first part keeps the id'),
      ),
    }),
  ),
  dry_run: v.boolean(),
  next: v.pipe(v.nullable(personId), v.description('The `after` of the next call')),
})

const counted = v.pipe(
  v.boolean(),
  v.description('Whether `total` is all: a long period is counted in parts, some each minute'),
)
const plan = {
  total: count,
  counted,
  people: count,
  targets: v.record(v.string(), count),
  types: v.record(v.string(), count),
  states: v.record(v.string(), count),
}
/** The filter of a replay, as it was understood: its times are points in time. */
export const ReplayedFilter = v.strictObject({
  target: v.exactOptional(v.array(basic.target)),
  source: v.exactOptional(v.array(basic.source)),
  type: v.exactOptional(v.array(basic.eventType)),
  state: v.exactOptional(v.array(basic.ReplayableState)),
  since: v.exactOptional(Time),
  until: v.exactOptional(Time),
  person: v.exactOptional(v.string()),
})
export const ReplayState = v.picklist(['running', 'done', 'stopped'])
const replay = {
  id: basic.replayId,
  filter: ReplayedFilter,
  state: ReplayState,
  per_second: v.number(),
  total: v.pipe(count, v.description('How many deliveries matched when they were counted')),
  counted,
  replayed: v.pipe(count, v.description('How many of them have been queued')),
  missing: v.pipe(
    v.nullable(count),
    v.description(
      'How many could not be queued: deleted by retention, or changed before their turn. Null until the replay is done',
    ),
  ),
  started_at: Time,
  ended_at: v.nullable(Time),
}
export const Replay = v.strictObject(replay)
export const StartedReplay = v.strictObject({ ...replay, ...plan })
export const ReplayPlan = v.strictObject({
  dry_run: v.literal(true),
  filter: ReplayedFilter,
  ...plan,
})

export const ReleasePage = v.strictObject({
  released: v.array(
    v.strictObject({ id: eventId, status: v.string(), type: basic.eventType, deliveries: count }),
  ),
  refused: v.array(v.strictObject({ id: eventId, issues: v.array(v.string()) })),
  dry_run: v.boolean(),
  next: v.nullable(eventId),
})

export const DismissalPage = v.strictObject({ dismissed: v.array(eventId), more: v.boolean() })

export const Cause = v.strictObject({
  source: basic.source,
  vendortype: v.nullable(v.string()),
  cause: v.string(),
  count,
  first_at: Time,
  last_at: Time,
  events: v.array(eventId),
})

export const RenormalizationPage = v.strictObject({
  checked: count,
  changed: v.array(
    v.strictObject({
      id: eventId,
      was: basic.eventType,
      is: basic.eventType,
      differences: v.array(
        v.strictObject({
          path: v.string(),
          was: v.exactOptional(basic.anything),
          is: v.exactOptional(basic.anything),
        }),
      ),
    }),
  ),
  refused: v.array(v.strictObject({ id: eventId, issues: v.array(v.string()) })),
  pruned: v.pipe(
    count,
    v.description('How many are unchanged because their payload is past its retention'),
  ),
  dry_run: v.boolean(),
  next: v.nullable(eventId),
})

export const TestDelivery = v.strictObject({
  event: eventId,
  delivered: v.boolean(),
  attempt: Attempt,
  words: v.pipe(
    v.array(v.string()),
    v.description('What came back, and what it says about the receiver'),
  ),
})

export const SimulationPage = v.strictObject({
  seed: v.string(),
  start: Time,
  total: v.pipe(count, v.description('The number of steps of the plan')),
  steps: v.array(
    v.strictObject({
      step: count,
      member: count,
      name: v.picklist([...STEP_NAMES, 'sample']),
      vendortype: v.nullable(v.string()),
      troubles: v.array(v.picklist(TROUBLES)),
      status: basic.status,
      answer: v.nullable(v.record(v.string(), v.unknown())),
    }),
  ),
  next: v.nullable(count),
})
