// Responses about acts of operators: people, replays, quarantine, renormalizing, tests and simulations.
import * as v from 'valibot'
import { REPLAYABLE_STATES } from '../../../core/deliveries/replay.ts'
import { PERSON_BASES } from '../../../core/events/event.ts'
import { STEP_NAMES, TROUBLES } from '../../../simulator/step.ts'
import { anything, count, eventId, name, personId, Time } from './basic.ts'
import { Attempt } from './events.ts'

const contact = v.strictObject({
  source: name,
  vendor: name,
  contact: v.nullable(v.string()),
  account: v.pipe(v.nullable(v.string()), v.description("The vendor's account: Hype's publisher")),
  email: v.nullable(v.string()),
  sites: v.array(v.string()),
  joined_by: v.pipe(
    v.nullable(v.picklist(PERSON_BASES)),
    v.description('Null if the person is its own, or it was joined by earlier rules'),
  ),
})
export const Person = v.strictObject({ id: personId, contacts: v.array(contact) })
export const WronglyJoinedPage = v.strictObject({
  people: v.array(
    v.strictObject({
      id: personId,
      parts: v.pipe(
        v.array(v.array(contact)),
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
  targets: v.record(name, count),
  types: v.record(v.string(), count),
  states: v.record(v.string(), count),
}
const ReplayFilter = v.strictObject({
  target: v.exactOptional(v.array(name)),
  source: v.exactOptional(v.array(name)),
  type: v.exactOptional(v.array(v.string())),
  state: v.exactOptional(v.array(v.picklist(REPLAYABLE_STATES))),
  since: v.exactOptional(Time),
  until: v.exactOptional(Time),
  person: v.exactOptional(v.string()),
})
const replay = {
  id: v.pipe(v.string(), v.startsWith('rpl_')),
  filter: ReplayFilter,
  state: v.picklist(['running', 'done', 'stopped']),
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
  filter: ReplayFilter,
  ...plan,
})

export const ReleasePage = v.strictObject({
  released: v.array(
    v.strictObject({ id: eventId, status: v.string(), type: v.string(), deliveries: count }),
  ),
  refused: v.array(v.strictObject({ id: eventId, issues: v.array(v.string()) })),
  dry_run: v.boolean(),
  next: v.nullable(eventId),
})

export const DismissalPage = v.strictObject({ dismissed: v.array(eventId), more: v.boolean() })

export const Cause = v.strictObject({
  source: name,
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
      was: v.string(),
      is: v.string(),
      differences: v.array(
        v.strictObject({
          path: v.string(),
          was: v.exactOptional(anything),
          is: v.exactOptional(anything),
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

export const TargetTest = v.strictObject({
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
      status: v.number(),
      answer: v.nullable(v.record(v.string(), v.unknown())),
    }),
  ),
  next: v.nullable(count),
})
