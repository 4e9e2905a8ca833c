// Responses with figures: the ledger, targets, sources and schema drift.
import * as v from 'valibot'
import { TARGET_STATES } from '../../../core/deliveries/breaker.ts'
import { DELIVERY_STATES } from '../../../core/deliveries/delivery.ts'
import { EVENT_STATUSES, RECEIVED_STATUSES } from '../../../core/events/event.ts'
import { ATTEMPT_OUTCOMES } from '../../../core/ledger/statistics.ts'
import { CAUSES, SUBJECTS } from '../../../core/operate/attention/entry.ts'
import * as basic from './basic.ts'
import { count, Time } from './basic.ts'

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
      'Requests that are accepted and wait in the spill queue; null when the queue does not report it',
    ),
  ),
  retention: v.strictObject({
    days: v.nullable(count),
    raw_days: v.nullable(count),
    shortened: v.pipe(
      v.nullable(v.strictObject({ days: count, raw_days: count, from: Time })),
      v.description('A shorter retention that is configured, and from when it is obeyed'),
    ),
  }),
  spill: v.pipe(
    v.nullable(
      v.strictObject({
        requests: count,
        oldest_message: v.nullable(Time),
        oldest_archived: v.nullable(Time),
        stuck: v.nullable(v.strictObject({ id: v.string(), reason: v.string() })),
      }),
    ),
    v.description(
      'The spill queue: its requests, when its oldest message was sent (a message is renewed every 12 hours), when the oldest request of the archive was received, and the oldest request that fails although D1 takes others',
    ),
  ),
  sources: v.array(
    v.strictObject({
      source: basic.source,
      received: count,
      ...byState(EVENT_STATUSES),
      created: count,
    }),
  ),
  targets: v.array(
    v.strictObject({ target: basic.target, created: count, ...byState(DELIVERY_STATES) }),
  ),
})
export const Differences = v.strictObject({
  differences: v.array(v.string()),
  next: v.nullable(Time),
})

export const AttemptOutcome = v.picklist(ATTEMPT_OUTCOMES)
const lastAttempt = v.strictObject({
  at: Time,
  outcome: AttemptOutcome,
  status: v.nullable(basic.status),
})
const made = v.strictObject({ attempts: count, delivered: count })
const percentiles = v.strictObject({
  p50: v.nullable(basic.milliseconds),
  p95: v.nullable(basic.milliseconds),
  p99: v.nullable(basic.milliseconds),
})

export const Target = v.strictObject({
  name: basic.target,
  state: v.pipe(
    v.picklist([...TARGET_STATES, 'broken', 'disabled', 'unknown']),
    v.description('`unknown`: it is not configured, and deliveries are owed to it'),
  ),
  reason: v.nullable(v.string()),
  held_until: v.pipe(
    v.nullable(Time),
    v.description('When the deliveries of an unknown target are cancelled'),
  ),
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
    v.description('As of the last minute; null in the first minute'),
  ),
})

const received = v.strictObject(byState(RECEIVED_STATUSES))

export const Source = v.strictObject({
  name: basic.source,
  vendor: v.nullable(basic.vendor),
  state: v.picklist(['active', 'broken']),
  reason: v.nullable(v.string()),
  ingest_url: v.pipe(
    v.string(),
    v.description('With the placeholder `SECRET` where the secret is part of it'),
  ),
  header: v.pipe(v.nullable(v.string()), v.description('The header that must contain the secret')),
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
          v.description('The median of this hour of the week; null until there is a week of data'),
        ),
        longest_silence_hours: v.nullable(v.number()),
        unusually_silent: v.boolean(),
        refused: v.pipe(
          v.array(v.strictObject({ cause: v.string(), count, last_at: Time })),
          v.description('Requests that were refused in the last 24 hours'),
        ),
      }),
    ),
    v.description('As of the last minute, without tests; null in the first minute'),
  ),
})

export const Attention = v.strictObject({
  cause: v.picklist(CAUSES),
  about: v.picklist(SUBJECTS),
  name: v.pipe(v.nullable(basic.target), v.description('Of the target or source that it is about')),
  words: v.pipe(basic.sentence, v.description('A sentence')),
})
export const SystemStatus = v.strictObject({
  attention: v.array(Attention),
  schema: v.pipe(
    v.nullable(
      v.strictObject({
        state: v.picklist(['current', 'older', 'newer', 'obsolete']),
        applied: v.nullable(v.string()),
        expected: v.string(),
      }),
    ),
    v.description('Migrations of the database and of this version; null when D1 does not answer'),
  ),
  database: v.pipe(
    v.nullable(
      v.strictObject({
        bytes: basic.bytes,
        limit_bytes: basic.bytes,
        growth_bytes_a_day: v.nullable(v.number()),
        days_until_full: v.nullable(count),
        short_of_space: v.pipe(
          v.boolean(),
          v.description('Whether received bytes are deleted before the end of their retention'),
        ),
      }),
    ),
    v.description('Null when D1 does not answer; the growth is known after a day'),
  ),
  cron: v.strictObject({
    last_run: v.pipe(v.nullable(Time), v.description('To five minutes')),
  }),
  role: v.pipe(
    v.picklist(['operator', 'viewer']),
    v.description('Whose token was sent: ADMIN_TOKEN or VIEWER_TOKEN'),
  ),
})

const seen = { count, first_seen: Time, last_seen: Time }
const kind = v.string()
export const DriftReport = v.strictObject({
  source: basic.source,
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
export const Drift = v.strictObject({ since: Time, drift: v.array(DriftReport) })

const unreadable = v.pipe(
  v.array(v.string()),
  v.description('Why names cannot be read: while there is an entry, the list may be incomplete'),
)

/** Lists with figures. `as_of`: when the figures last changed; null before there are any. */
export const Targets = v.strictObject({
  as_of: v.nullable(Time),
  unreadable,
  targets: v.array(Target),
})
export const Sources = v.strictObject({
  as_of: v.nullable(Time),
  unreadable,
  sources: v.array(Source),
})
