// What is told of the things that need attention: when they open, when they close, and not more often than once an hour.
import { expect, it } from 'vitest'
import type { Attention } from '../../../src/core/operate/attention/entry.ts'
import { changesOf, type Issue } from '../../../src/core/operate/issues.ts'

const NOW = Date.parse('2026-11-21T12:00:00.000Z')
const MINUTE = 60_000
const HOUR = 60 * MINUTE

const late: Attention = { cause: 'cron_late', about: 'relay', name: null, words: 'It is late.' }
const overdue: Attention = {
  cause: 'deliveries_overdue',
  about: 'target',
  name: 'crm',
  words: 'Overdue.',
}

/** The changes of some minutes, and what is written after them. `entries`: by the minute from which they are present. */
function play(entriesAt: (minute: number) => Attention[], minutes: number) {
  let issues: Issue[] = []
  const told: [minute: number, type: string, name: string | null][] = []
  for (let minute = 0; minute < minutes; minute++) {
    for (const { issue, event } of changesOf(
      entriesAt(minute),
      issues,
      true,
      NOW + minute * MINUTE,
    )) {
      issues = [
        ...issues.filter(({ cause, name }) => cause !== issue.cause || name !== issue.name),
        issue,
      ]
      told.push([minute, event.type, 'words' in event.data ? event.data.name : null])
    }
  }
  return told
}

it('tells what opens, once, and what is over', () => {
  const told = play((minute) => (minute < 90 ? [late, overdue] : []), 200)

  expect(told).toEqual([
    [0, 'relay.issue_opened', null],
    [0, 'relay.issue_opened', 'crm'],
    [90, 'relay.issue_closed', null],
    [90, 'relay.issue_closed', 'crm'],
  ])
})

it('tells what comes and goes each minute at most once an hour, and in the end what is true', () => {
  const told = play((minute) => (minute < 300 && minute % 2 === 0 ? [late] : []), 500)

  const times = told.map(([minute]) => minute)
  expect(times.slice(1).every((minute, i) => minute - (times[i] ?? 0) >= 60)).toBe(true)
  expect(told.at(-1)?.[1]).toBe('relay.issue_closed')
  expect(told.map(([, type]) => type)).toEqual(
    told.map((_, i) => (i % 2 === 0 ? 'relay.issue_opened' : 'relay.issue_closed')),
  )
})

it('never tells the own state of a target, which has events of its own', () => {
  const paused: Attention = {
    cause: 'target_state',
    about: 'target',
    name: 'crm',
    words: 'Paused.',
  }

  expect(changesOf([paused], [], true, NOW)).toEqual([])
})

it('closes nothing while a part could not be read', () => {
  const [opened] = changesOf([late], [], true, NOW)
  const issues = opened === undefined ? [] : [opened.issue]

  expect(changesOf([], issues, false, NOW + 2 * HOUR)).toEqual([])
  expect(changesOf([], issues, true, NOW + 2 * HOUR)).toMatchObject([
    {
      issue: { isOpen: false },
      event: {
        type: 'relay.issue_closed',
        data: {
          cause: 'cron_late',
          about: 'relay',
          name: null,
          opened_at: '2026-11-21T12:00:00Z',
        },
      },
    },
  ])
})
