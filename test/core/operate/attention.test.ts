// What needs attention: each fact that puts an event or a delivery at risk is an entry with its cause.
import { describe, expect, it } from 'vitest'
import type { RelayState } from '../../../src/core/ledger/database.ts'
import { composeSnapshot, type TargetFigures } from '../../../src/core/ledger/snapshot.ts'
import type { Trouble } from '../../../src/core/ledger/trouble.ts'
import { NONE_DEAD } from '../../../src/core/ledger/trouble.ts'
import { attentionOf, type Facts } from '../../../src/core/operate/attention.ts'

const NOW = Date.parse('2026-11-21T12:00:00.000Z')
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const state: RelayState = { cronAt: NOW - MINUTE, bytes: 0, isShortOfSpace: false, sizes: [] }
const GB = 1e9
const retention = { rawRetentionDays: 90, rawRetentionMinDays: 7 }
const database = { state, bytes: GB, limit: 10 * GB, ...retention }

const WELL: Facts = {
  unreadable: [],
  invalid: [],
  shortened: undefined,
  targets: [],
  sources: [],
  refusals: [],
  quarantine: { count: 0, areMore: false },
  ledger: [],
  spill: null,
  cron: state,
  figuresAsOf: NOW - HOUR,
  arePacksUnreadable: false,
  database,
  bodies: undefined,
  schemaProblem: undefined,
  unread: [],
}

const attention = (facts: Partial<Facts>) => attentionOf({ ...WELL, ...facts }, NOW)

const nothing: Trouble = {
  overdue: 0,
  held: [],
  dead: NONE_DEAD,
  deadAsOf: { total: 0, hour: 0 },
  cancelled: [],
}

/** A target without any trouble but these. */
function aTarget(trouble: Partial<Trouble>, over: Partial<TargetFigures> = {}) {
  const names = { sources: [], targets: ['crm'], waiting: [], rhythms: new Map(), refusals: [] }
  const [empty] = composeSnapshot({ total: [], recent: [] }, names, NOW).targets
  const figures = { ...empty, ...over, trouble: { ...nothing, ...trouble } } as TargetFigures
  return {
    name: 'crm',
    state: 'active' as const,
    reason: null,
    heldUntil: undefined,
    failingSince: undefined,
    nextProbeAt: undefined,
    figures,
  }
}

it('is nothing when all is well, also before the first figures', () => {
  expect(attention({})).toEqual([])
  expect(attention({ figuresAsOf: undefined, targets: [aTarget({})] })).toEqual([])
})

const dead = { count: 16, isMore: false, since: NOW - HOUR, reason: 'gave up after 10 attempts' }

it.each<[cause: string, facts: Partial<Facts>, words: string]>([
  [
    'deliveries_dead',
    { targets: [aTarget({ dead })] },
    '16 deliveries to crm died in the last 24 hours, since 11:00 UTC; the last one: gave up after 10 attempts.',
  ],
  [
    'deliveries_dead',
    { targets: [aTarget({ dead: { ...dead, count: 1000, isMore: true, reason: null } })] },
    '1000 or more deliveries to crm died in the last 24 hours, since 11:00 UTC.',
  ],
  [
    'deliveries_cancelled',
    {
      targets: [
        {
          ...aTarget({
            cancelled: [
              [1, 2],
              [2, 3],
            ],
          }),
          state: 'unconfigured',
        },
      ],
    },
    '5 deliveries to crm ended as cancelled in the last 24 hours, because it is not configured.',
  ],
  [
    'deliveries_overdue',
    { targets: [aTarget({ overdue: 848 }, { oldestDue: NOW - 2 * DAY })] },
    '848 deliveries to crm are overdue by more than 5 minutes, the oldest since 2026-11-19 12:00 UTC.',
  ],
  [
    'deliveries_held',
    {
      targets: [
        {
          ...aTarget({ held: [{ reason: 'disabled', oldest: NOW - DAY - 1 }] }),
          state: 'disabled',
        },
      ],
    },
    'Deliveries to crm are held for longer than a day, since 2026-11-20 11:59 UTC: it is disabled.',
  ],
  [
    'success_rate',
    { targets: [aTarget({}, { hour: { made: 100, delivered: 34 } })] },
    'Only 34 of 100 attempts at crm succeeded in this hour and the last.',
  ],
  [
    'requests_refused',
    {
      refusals: [
        { source: 'gym', cause: 'header_wrong', count: 12, last: NOW - MINUTE },
        { source: 'gym', cause: 'not_json', count: 1, last: NOW - HOUR },
      ],
    },
    '13 requests to the source gym were refused in the last 24 hours (12 header_wrong, 1 not_json), the last at 11:59 UTC.',
  ],
  [
    'requests_refused',
    { refusals: [{ source: null, cause: 'unknown_source', count: 20, last: NOW }] },
    '20 requests to names that are no source were refused in the last 24 hours, the last at 12:00 UTC.',
  ],
  [
    'requests_refused',
    { refusals: [{ source: 'gym', cause: 'not_stored', count: 1, last: NOW }] },
    '1 request to the source gym was refused in the last 24 hours (1 not_stored), the last at 12:00 UTC.',
  ],
  [
    'cron_late',
    { cron: { cronAt: NOW - 5 * HOUR } },
    'The cron has not completed a run since 07:00 UTC: nothing is swept, released, counted or deleted.',
  ],
  [
    'figures_stale',
    { figuresAsOf: NOW - 3 * HOUR },
    'The figures of sources and targets are those of 09:00 UTC: what came since is not in this list.',
  ],
  [
    'packs_unreadable',
    { arePacksUnreadable: true },
    'Packs are in an R2 bucket, but none is bound: their events cannot be read or deleted. Bind it as ARCHIVE again.',
  ],
  ['schema_apart', { schemaProblem: 'The database is older.' }, 'The database is older.'],
  [
    'database_size',
    { database: { ...database, bytes: 8 * GB } },
    'The database has 8.00 GB of 10.0 GB (80 %): shorten RETENTION_DAYS or RAW_RETENTION_DAYS.',
  ],
  [
    'database_size',
    {
      database: {
        ...database,
        bytes: 8 * GB,
        state: {
          ...state,
          sizes: [
            [1, 7 * GB],
            [3, 8 * GB],
          ],
        },
      },
    },
    'The database has 8.00 GB of 10.0 GB (80 %), and full in 4 days at its growth of the last days: shorten RETENTION_DAYS or RAW_RETENTION_DAYS.',
  ],
  [
    'database_full',
    { database: { ...database, bytes: 9.5 * GB } },
    'The database has 9.50 GB of 10.0 GB (95 %): received bytes are deleted after 7 days instead of 90, the oldest first, until there is room. Shorten RETENTION_DAYS.',
  ],
  [
    'database_full',
    { database: { ...database, bytes: 9.2 * GB, state: { ...state, isShortOfSpace: true } } },
    'The database has 9.20 GB of 10.0 GB (92 %): received bytes are deleted after 7 days instead of 90, the oldest first, until there is room. Shorten RETENTION_DAYS.',
  ],
  [
    'database_full',
    { database: { ...database, bytes: 9.9 * GB, rawRetentionMinDays: 90 } },
    'The database has 9.90 GB of 10.0 GB (99 %): RAW_RETENTION_MIN_DAYS leaves no bytes to delete early. Shorten RETENTION_DAYS.',
  ],
  [
    'configuration_unreadable',
    { unreadable: ['TARGETS must be a list', 'SOURCES[0].name is missing'] },
    'The configuration cannot be read: TARGETS must be a list; SOURCES[0].name is missing. What may be missing from it is held.',
  ],
  [
    'configuration_invalid',
    { invalid: ['DATABASE_MB must be a whole number of megabytes; the default 10000 is used'] },
    'DATABASE_MB must be a whole number of megabytes; the default 10000 is used.',
  ],
  [
    'retention_shortened',
    { shortened: { days: 4, rawDays: 3, from: NOW + HOUR } },
    'The retention was shortened to 4 days, that of payloads to 3: from 13:00 UTC on, what is older is deleted for good.',
  ],
  [
    'target_state',
    {
      targets: [
        {
          ...aTarget(
            {},
            {
              deliveries: { pending: 0, retrying: 1, held: 2, delivered: 0, dead: 0, cancelled: 0 },
            },
          ),
          state: 'unknown',
          reason: 'its deliveries are held for a day, then cancelled',
          heldUntil: NOW + HOUR,
        },
      ],
    },
    'crm is unknown: its deliveries are held for a day, then cancelled; 3 deliveries are waiting; held until 13:00 UTC.',
  ],
  [
    'quarantine',
    { quarantine: { count: 200, areMore: true } },
    '200 messages or more in quarantine.',
  ],
  ['ledger_unbalanced', { ledger: ['a', 'b'] }, 'The ledger is not balanced: a; b.'],
  [
    'unreadable',
    { unread: [{ part: 'ledger', fault: 'D1 did not answer within 2000 ms' }], ledger: undefined },
    'D1 did not answer, so this list is not complete. Not read: ledger (D1 did not answer within 2000 ms).',
  ],
])('is %s', (cause, facts, words) => {
  expect(attention(facts)).toMatchObject([{ cause, words }])
})

describe('is nothing for', () => {
  it.each<[what: string, facts: Partial<Facts>]>([
    ['a cron that was noted ten minutes ago', { cron: { cronAt: NOW - 10 * MINUTE } }],
    [
      'nineteen requests to names that are no source: anybody tries addresses',
      { refusals: [{ source: null, cause: 'unknown_source', count: 19, last: NOW }] },
    ],
    [
      'visits with another method',
      { refusals: [{ source: 'gym', cause: 'method_not_allowed', count: 50, last: NOW }] },
    ],
    [
      'nine attempts, whatever became of them',
      { targets: [aTarget({}, { hour: { made: 9, delivered: 0 } })] },
    ],
    [
      'nine of ten attempts that succeeded',
      { targets: [aTarget({}, { hour: { made: 10, delivered: 9 } })] },
    ],
    [
      'deliveries that are held for less than a day',
      { targets: [aTarget({ held: [{ reason: 'order', oldest: NOW - DAY }] })] },
    ],
    ['a database that is filled to 79 %', { database: { ...database, bytes: 7.9 * GB } }],
    [
      'a database below 90 % that was short of space',
      { database: { ...database, bytes: 7.9 * GB, state: { ...state, isShortOfSpace: true } } },
    ],
    ['a spill queue that does not report its length', { spill: null }],
  ])('%s', (_what, facts) => {
    expect(attention(facts)).toEqual([])
  })
})
