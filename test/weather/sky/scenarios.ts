// Schedules with a name: each shows one kind of weather that a relay must stand.
import type { ExtraSend, Fault, Schedule } from './schedule.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** `shows`: the invariant that a relay violates that does not stand it. */
type Scenario = { about: string; shows: string; schedule: Schedule }

/** A small world without weather. */
const CALM: Schedule = {
  seed: 1,
  days: 3,
  fairDays: 1,
  isolates: 2,
  people: 0,
  perDay: 2,
  targets: ['steady', 'alerts'],
  faults: [],
}

const scenario = (shows: string, about: string, changes: Partial<Schedule>): Scenario => ({
  shows,
  about,
  schedule: { ...CALM, ...changes },
})

/** Messages of one kind, one after the other. */
function every(ms: number, count: number, send: Omit<ExtraSend, 'at'>, from = HOUR): ExtraSend[] {
  return Array.from({ length: count }, (_, i) => ({
    ...send,
    at: from + i * ms,
    person: send.person + i * 3,
  }))
}

const d1 = (how: string, from: number, ms: number): Fault => ({ kind: 'd1', how, from, ms })

export const SCENARIOS: Record<string, Scenario> = {
  'spill-outlasts-retries': scenario(
    'kept',
    'D1 refuses every write for two days: the spill queue must keep what was accepted',
    {
      days: 5,
      fairDays: 2,
      faults: [d1('refuse-writes', HOUR, 2 * DAY)],
      sends: every(MINUTE, 5, { person: 0, kind: 'checkin' }, 2 * HOUR),
    },
  ),
  'full-for-days': scenario(
    'kept',
    'D1 is full for two days: nothing is lost, and it heals when there is room',
    {
      days: 5,
      fairDays: 2,
      faults: [{ kind: 'full', from: HOUR, ms: 2 * DAY }],
      sends: every(MINUTE, 5, { person: 0, kind: 'checkin' }, 2 * HOUR),
    },
  ),
  'targets-unreadable': scenario(
    'owed',
    'TARGETS is JSON text with a comma too much for an hour: nothing is removed',
    {
      targets: ['steady', 'alerts', 'limited'],
      faults: [
        { kind: 'receiver', on: 'limited', how: 'down', from: 0, ms: 3 * HOUR },
        { kind: 'config', how: 'targets-text', from: 2 * HOUR, ms: HOUR },
      ],
      sends: every(10 * MINUTE, 15, { person: 0, kind: 'checkin' }),
    },
  ),
  'target-nameless': scenario(
    'owed',
    'The table of a target has no name for an hour: its deliveries are held',
    {
      targets: ['steady', 'alerts', 'limited'],
      faults: [
        { kind: 'receiver', on: 'limited', how: 'down', from: 0, ms: 3 * HOUR },
        { kind: 'config', how: 'nameless', on: 'limited', from: 2 * HOUR, ms: HOUR },
      ],
      sends: every(10 * MINUTE, 15, { person: 0, kind: 'checkin' }),
    },
  ),
  'target-renamed-and-back': scenario(
    'owed',
    'A target is renamed for an hour, and renamed back: its deliveries wait',
    {
      targets: ['steady', 'alerts', 'limited'],
      faults: [
        { kind: 'receiver', on: 'limited', how: 'down', from: 0, ms: 3 * HOUR },
        { kind: 'config', how: 'renamed', on: 'limited', from: 2 * HOUR, ms: HOUR },
      ],
      sends: every(10 * MINUTE, 15, { person: 0, kind: 'checkin' }),
    },
  ),
  'retention-mistyped': scenario(
    'kept',
    'RETENTION_DAYS is 1 for twelve hours: nothing is deleted',
    {
      days: 6,
      fairDays: 2,
      faults: [{ kind: 'config', how: 'retention', from: 3 * DAY, ms: 12 * HOUR }],
      sends: every(HOUR, 20, { person: 0, kind: 'checkin' }),
    },
  ),
  'order-across-spill': scenario(
    'order',
    'D1 fails for seconds between two messages of a person: an ordered target gets them in order',
    {
      targets: ['steady', 'alerts', 'door'],
      faults: Array.from({ length: 8 }, (_, i) => d1('refuse', 2 * HOUR + i * HOUR, 1500)),
      sends: Array.from({ length: 8 }, (_, i) => [
        { at: 2 * HOUR + i * HOUR + 1200, person: i, kind: 'status' as const },
        { at: 2 * HOUR + i * HOUR + 1600, person: i, kind: 'purchase' as const },
      ]).flat(),
    },
  ),
  'refusing-one-kind': scenario(
    'owed',
    'A receiver answers 422 to check-ins and takes all else: the others are delivered',
    {
      days: 4,
      targets: ['alerts', 'picky'],
      sends: [
        ...every(10 * SECOND, 100, { person: 0, kind: 'checkin' }),
        ...every(MINUTE, 5, { person: 1, kind: 'profile' }, 2 * HOUR),
      ],
    },
  ),
  'asked-to-wait': scenario(
    'retry-after',
    'A receiver answers 429 with Retry-After for six hours: it is left alone',
    {
      targets: ['alerts', 'limited'],
      faults: [{ kind: 'receiver', on: 'limited', how: 'busy', from: 0, ms: 6 * HOUR }],
      sends: every(MINUTE, 240, { person: 0, kind: 'checkin' }),
    },
  ),
  'more-than-its-rate': scenario(
    'rate',
    'Messages come at twice the rate of a target, to three isolates: it gets them at its rate',
    {
      isolates: 3,
      targets: ['alerts', 'paced'],
      sends: every(100, 600, { person: 0, kind: 'checkin' }),
    },
  ),
  'quiet-target': scenario(
    'owed',
    'A target is down, then renamed while D1 refuses, and no further event comes for it: it gets what it is owed',
    {
      days: 4,
      targets: ['steady', 'alerts', 'limited'],
      faults: [
        { kind: 'receiver', on: 'limited', how: 'down', from: 0, ms: 3 * HOUR },
        { kind: 'config', how: 'renamed', on: 'limited', from: 2 * HOUR, ms: 6 * HOUR },
        d1('refuse-writes', 3 * HOUR, 2 * HOUR),
      ],
      sends: [
        ...every(10 * MINUTE, 3, { person: 0, kind: 'checkin' }),
        ...every(10 * MINUTE, 3, { person: 1, kind: 'profile' }, 4 * HOUR),
      ],
    },
  ),
  'two-bad-times': scenario(
    'breaker',
    'A receiver fails for four days, and six days later for minutes: it is not given up then',
    {
      days: 14,
      targets: ['alerts', 'limited'],
      faults: [
        { kind: 'receiver', on: 'limited', how: 'down', from: 0, ms: 4 * DAY },
        { kind: 'receiver', on: 'limited', how: 'down', from: 10 * DAY, ms: 10 * MINUTE },
      ],
      sends: [
        ...every(MINUTE, 1, { person: 0, kind: 'checkin' }),
        ...every(MINUTE, 5, { person: 1, kind: 'checkin' }, 10 * DAY + MINUTE),
      ],
    },
  ),
  'every-other-fails': scenario(
    'breaker',
    'A receiver fails every other request, seen by several isolates: its breaker stays closed',
    {
      isolates: 3,
      targets: ['alerts', 'flapping'],
      sends: every(100, 400, { person: 0, kind: 'checkin' }),
    },
  ),
  'writes-refused-with-backlog': scenario(
    'floods',
    'D1 reads but refuses writes for three hours, with overdue deliveries: no flood',
    {
      targets: ['steady', 'alerts'],
      faults: [
        { kind: 'queue', on: '-deliveries', how: 'refuse', from: HOUR, ms: 50 * MINUTE },
        { kind: 'no-cron', from: HOUR, ms: 50 * MINUTE },
        d1('refuse-writes', 110 * MINUTE, 3 * HOUR),
      ],
      sends: every(20 * SECOND, 100, { person: 0, kind: 'checkin' }, HOUR + MINUTE),
    },
  ),
  'silent-queue': scenario(
    'cron',
    'The queue of first attempts does not respond for six hours: all else goes on',
    {
      targets: ['steady', 'alerts', 'limited'],
      faults: [{ kind: 'queue', on: '-deliveries', how: 'silent', from: 2 * HOUR, ms: 6 * HOUR }],
      sends: every(5 * MINUTE, 60, { person: 0, kind: 'checkin' }),
    },
  ),
  'nearly-full': scenario('told', 'D1 is more than 80 % full: an operator is told', {
    faults: [{ kind: 'filling', from: 6 * HOUR, ms: DAY }],
    sends: every(HOUR, 20, { person: 0, kind: 'checkin' }),
  }),
  'same-pass-twice': scenario(
    'meaning',
    'A purchase is in the spill queue while the same pass is bought again: both are events',
    {
      targets: ['steady', 'alerts'],
      faults: [d1('refuse', 2 * HOUR, 2 * HOUR)],
      sends: Array.from({ length: 8 }, (_, i) => [
        { at: 2 * HOUR + (i + 1) * 10 * MINUTE, person: i, kind: 'purchase' as const },
        { at: 4 * HOUR + 2 * SECOND + i * SECOND, person: i, kind: 'purchase' as const },
      ]).flat(),
    },
  ),
  'code-before-schema': scenario(
    'kept',
    'The code is deployed a day before its last migration: nothing is lost, and it is told',
    {
      faults: [{ kind: 'schema', from: 0, ms: DAY }],
      sends: every(30 * MINUTE, 30, { person: 0, kind: 'checkin' }),
    },
  ),
  'silent-cron': scenario(
    'told',
    'The cron does not come for a day, and a queue loses its messages: it is told',
    {
      faults: [{ kind: 'no-cron', from: 2 * HOUR, ms: DAY }],
      sends: every(30 * MINUTE, 30, { person: 0, kind: 'checkin' }),
    },
  ),
  'free-plan-list': scenario(
    'kept',
    'On the free plan, a list of 60 purchases is recorded however it came in',
    {
      plan: 'free',
      targets: ['steady', 'alerts', 'door'],
      faults: [d1('refuse', 2 * HOUR, HOUR)],
      sends: every(50 * MINUTE, 4, { person: 0, kind: 'purchase', list: 60 }),
    },
  ),
  'half-an-hour-back': scenario(
    'kept',
    'Time Travel takes the database half an hour back: what is in the queues still comes',
    {
      targets: ['steady', 'alerts', 'door'],
      people: 6,
      perDay: 30,
      faults: [{ kind: 'time-travel', from: 30 * HOUR, ms: MINUTE }],
    },
  ),
  'answers-lost-for-a-day': scenario(
    'owed',
    'D1 does what it is asked, and loses most of its answers for a day and a half: all arrives soon after',
    {
      days: 4,
      targets: ['steady', 'alerts'],
      faults: [{ ...d1('lose-answer', 2 * HOUR, 36 * HOUR), share: 0.83 }],
      sends: every(HOUR, 30, { person: 0, kind: 'checkin' }),
    },
  ),
  'cut-anywhere': scenario('kept', 'Isolates end between any two steps for half a day', {
    targets: ['steady', 'alerts', 'door', 'limited', 'bytes'],
    people: 6,
    perDay: 12,
    faults: [{ kind: 'cuts', share: 0.02, from: 2 * HOUR, ms: 12 * HOUR }],
  }),
}
