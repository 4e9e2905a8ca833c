// What needs attention of the configuration: what cannot be read, targets that are not configured, a shorter retention.
import { expect, it } from 'vitest'
import { attentionOf } from '../../../src/core/operate/attention.ts'

const NOW = Date.parse('2026-11-21T00:00:00.000Z')
const WELL = {
  unreadable: [],
  targets: [],
  sources: [],
  causes: [],
  areMoreCauses: false,
  ledger: { differences: [], spill: null, retention: { shortened: null } },
}
const wordsOf = (status: Partial<Parameters<typeof attentionOf>[0]>) =>
  attentionOf({ ...WELL, ...status }, NOW).map(({ words }) => words)

it('is nothing while all is well', () => {
  expect(wordsOf({})).toEqual([])
})

it('is each list that cannot be read, with its path', () => {
  expect(wordsOf({ unreadable: ['TARGETS must be a list', 'SOURCES[0].name is missing'] })).toEqual(
    [
      'The configuration cannot be read: TARGETS must be a list. What may be missing from it is held.',
      'The configuration cannot be read: SOURCES[0].name is missing. What may be missing from it is held.',
    ],
  )
})

it('is a target that is not configured, with what is owed to it and when that ends', () => {
  const backlog = { pending: 0, retrying: 1, held: 2 }
  const unknown = {
    name: 'crm',
    state: 'unknown',
    reason: 'it is not configured: its deliveries are held for a day, then cancelled',
    held_until: '2026-11-21T22:05:00Z',
    failing_since: null,
    next_probe_at: null,
    figures: { backlog, last_failure: null },
  }

  expect(wordsOf({ targets: [unknown] })).toEqual([
    'crm is unknown: it is not configured: its deliveries are held for a day, then cancelled; 3 deliveries are waiting; held until 22:05 UTC.',
  ])
})

it('is a retention that was shortened, with the time from which it deletes', () => {
  const shortened = { days: 4, raw_days: 3, from: '2026-11-21T22:05:00Z' }

  expect(wordsOf({ ledger: { ...WELL.ledger, retention: { shortened } } })).toEqual([
    'The retention was shortened to 4 days, that of payloads to 3: from 22:05 UTC on, what is older is deleted for good.',
  ])
})
