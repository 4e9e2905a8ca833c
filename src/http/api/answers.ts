// What the API answers with: the schemas of the OpenAPI document. Tests hold every answer against them.
import * as v from 'valibot'
import { DELIVERY_STATES } from '../../core/delivery.ts'
import { EVENT_STATUSES, RECEIVED_STATUSES } from '../../core/event.ts'
import { REPLAYABLE_STATES } from '../../core/replay.ts'
import { ATTEMPT_OUTCOMES } from '../../core/statistics.ts'
import { STEP_NAMES, TROUBLES } from '../../simulator/step.ts'

const Time = v.pipe(v.string(), v.isoTimestamp())
const count = v.pipe(v.number(), v.integer(), v.minValue(0))
const name = v.string()
const eventId = v.pipe(v.string(), v.regex(/^evt_[0-7][0-9a-hjkmnp-tv-z]{12}$/))
const personId = v.pipe(v.string(), v.regex(/^per_[0-7][0-9a-hjkmnp-tv-z]{12}$/))
const anything = v.unknown()

/** A page of a list; `next` is what the query `next` of the following one takes, null at the end. */
export const pageOf = <K extends string, S extends v.GenericSchema>(key: K, item: S) =>
  v.strictObject({ [key]: v.array(item), next: v.nullable(v.string()) })

const Issue = v.object({ path: v.string(), message: v.string() })

const summary = {
  id: eventId,
  receivedat: Time,
  source: name,
  vendor: name,
  status: v.picklist(EVENT_STATUSES),
  type: v.string(),
  vendortype: v.nullable(v.string()),
  subject: v.nullable(v.string()),
  personid: v.nullable(personId),
  planned: count,
}
export const EventSummary = v.strictObject(summary)

const attemptError = v.picklist(['dns', 'connect', 'tls', 'timeout', 'redirect', 'status', 'fault'])
export const Attempt = v.strictObject({
  attempt: count,
  at: Time,
  ms: v.number(),
  status: v.exactOptional(v.number()),
  error: v.exactOptional(attemptError),
  response: v.exactOptional(v.string()),
  retry_after: v.exactOptional(v.number()),
})

const state = v.picklist(DELIVERY_STATES)
export const EventDelivery = v.strictObject({
  target: name,
  state,
  reason: v.nullable(v.string()),
  attempt: v.pipe(count, v.description('The number of the next attempt')),
  due: v.nullable(Time),
  replayed: v.pipe(v.boolean(), v.description('Whether an operator asked for it once more')),
  attempts: v.array(Attempt),
})

const last = v.nullable(
  v.strictObject({
    at: Time,
    status: v.nullable(v.number()),
    error: v.nullable(attemptError),
    ms: v.number(),
  }),
)
export const Delivery = v.strictObject({
  event: eventId,
  type: v.string(),
  source: name,
  receivedat: v.pipe(Time, v.description('When its event came in')),
  target: name,
  state,
  reason: v.nullable(v.string()),
  attempts: v.pipe(count, v.description('How many were made')),
  due: v.nullable(Time),
  last,
  replayed: v.boolean(),
})

export const TimelineEntry = v.strictObject({
  ...summary,
  deliveries: v.array(v.strictObject({ target: name, state, last })),
})

export const Event = v.strictObject({
  ...summary,
  hops: count,
  matched: v.nullable(
    v.strictObject({ id: eventId, rung: v.picklist(['identity', 'content', 'twin']) }),
  ),
  issues: v.nullable(v.array(Issue)),
  event: v.pipe(anything, v.description('The normalized event; null when it was not understood')),
  raw: v.strictObject({
    text: v.nullable(v.string()),
    encoding: v.picklist(['utf8', 'base64']),
    headers: v.record(v.string(), v.string()),
  }),
  deliveries: v.array(EventDelivery),
})

export const EventReplay = v.strictObject({
  id: eventId,
  targets: v.array(name),
  replayed: v.array(name),
})

const contact = v.strictObject({
  source: name,
  vendor: name,
  contact: v.nullable(v.string()),
  email: v.nullable(v.string()),
  sites: v.array(v.string()),
})
export const Person = v.strictObject({ id: personId, contacts: v.array(contact) })

const plan = {
  total: count,
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
  total: v.pipe(count, v.description('How many deliveries matched when it was asked for')),
  replayed: v.pipe(count, v.description('How many of them have been set going')),
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

export const Released = v.strictObject({
  released: v.array(
    v.strictObject({ id: eventId, status: v.string(), type: v.string(), deliveries: count }),
  ),
  refused: v.array(v.strictObject({ id: eventId, issues: v.array(v.string()) })),
  dry_run: v.boolean(),
  next: v.nullable(eventId),
})

export const Dismissed = v.strictObject({ dismissed: v.array(eventId), more: v.boolean() })

export const Cause = v.strictObject({
  source: name,
  vendortype: v.nullable(v.string()),
  cause: v.string(),
  count,
  first_at: Time,
  last_at: Time,
  events: v.array(eventId),
})

export const Renormalized = v.strictObject({
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
  dry_run: v.boolean(),
  next: v.nullable(eventId),
})

const byState = <S extends string>(states: readonly S[]) =>
  Object.fromEntries(states.map((one) => [one, count])) as Record<S, typeof count>
export const Ledger = v.strictObject({
  since: Time,
  until: Time,
  adds_up: v.boolean(),
  differences: v.array(v.string()),
  spilled: v.pipe(
    v.nullable(count),
    v.description(
      'Requests that are safe and not in the log yet; null when the queue does not say',
    ),
  ),
  sources: v.array(
    v.strictObject({ source: name, received: count, ...byState(EVENT_STATUSES), planned: count }),
  ),
  targets: v.array(v.strictObject({ target: name, planned: count, ...byState(DELIVERY_STATES) })),
})
export const Differences = v.strictObject({
  differences: v.array(v.string()),
  next: v.nullable(Time),
})

export const Tried = v.strictObject({ event: eventId, delivered: v.boolean(), attempt: Attempt })

const lastAttempt = v.strictObject({
  at: Time,
  outcome: v.picklist(ATTEMPT_OUTCOMES),
  status: v.nullable(v.number()),
})
const made = v.strictObject({ attempts: count, delivered: count })
const percentiles = v.strictObject({
  p50: v.nullable(v.number()),
  p95: v.nullable(v.number()),
  p99: v.nullable(v.number()),
})

export const Target = v.strictObject({
  name,
  state: v.picklist(['active', 'open', 'paused', 'failing', 'gone', 'broken', 'disabled']),
  reason: v.nullable(v.string()),
  failures: count,
  failing_since: v.nullable(Time),
  next_probe_at: v.nullable(Time),
  figures: v.pipe(
    v.nullable(
      v.strictObject({
        backlog: v.strictObject({ pending: count, retrying: count, held: count }),
        oldest_due: v.nullable(Time),
        oldest_held: v.nullable(Time),
        last_success: v.nullable(lastAttempt),
        last_failure: v.nullable(lastAttempt),
        last_hour: made,
        last_day: v.strictObject({
          ...made.entries,
          answer_ms: percentiles,
          latency_ms: percentiles,
        }),
      }),
    ),
    v.description('As of the last minute; null before the first'),
  ),
})

const received = v.strictObject(byState(RECEIVED_STATUSES))

export const Source = v.strictObject({
  name,
  vendor: v.nullable(v.string()),
  state: v.picklist(['active', 'broken']),
  reason: v.nullable(v.string()),
  ingest_url: v.pipe(
    v.string(),
    v.description('`SECRET` stands for the secret, where it is part of it'),
  ),
  header: v.pipe(
    v.nullable(v.string()),
    v.description('The header in which the secret is expected'),
  ),
  signed: v.pipe(v.boolean(), v.description('Whether the vendor signs the body')),
  figures: v.pipe(
    v.nullable(
      v.strictObject({
        last_seen: v.nullable(Time),
        last_test: v.nullable(Time),
        last_hour: received,
        last_day: received,
        usual_this_hour: v.pipe(
          v.nullable(v.number()),
          v.description('The median of this hour of the week; null before a week is known'),
        ),
        longest_silence_hours: v.nullable(v.number()),
        unusually_silent: v.boolean(),
      }),
    ),
    v.description('As of the last minute, tests left out; null before the first'),
  ),
})

const seen = { count, first_seen: Time, last_seen: Time }
const kind = v.string()
export const Diary = v.strictObject({
  source: name,
  vendortype: v.nullable(v.string()),
  messages: count,
  first_seen: Time,
  last_seen: Time,
  learning: v.boolean(),
  findings: v.array(
    v.strictObject({
      path: v.string(),
      finding: v.picklist(['new', 'vanished', 'changed']),
      kinds: v.array(kind),
      noticed_at: Time,
      ...seen,
    }),
  ),
  keys: v.array(
    v.strictObject({ path: v.string(), kinds: v.record(kind, v.strictObject(seen)), ...seen }),
  ),
})
export const Drift = v.strictObject({ since: Time, drift: v.array(Diary) })

export const Simulated = v.strictObject({
  seed: v.string(),
  start: Time,
  total: v.pipe(count, v.description('How many steps the plan has')),
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

/** What is configured, and how it fares. `as_of`: when the figures last changed; null before there were any. */
export const Targets = v.strictObject({ as_of: v.nullable(Time), targets: v.array(Target) })
export const Sources = v.strictObject({ as_of: v.nullable(Time), sources: v.array(Source) })

/** The schemas that the document gives a name. */
export const NAMED = {
  Event,
  EventSummary,
  EventDelivery,
  Delivery,
  Attempt,
  Person,
  Replay,
  Cause,
  Ledger,
  Target,
  Source,
  Diary,
}
