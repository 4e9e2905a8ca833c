// The findings of a drift report, as arithmetic: one message a minute, and the days between them by hand.
import { describe, expect, it } from 'vitest'
import { shapeOf } from '../../../src/core/events/shape.ts'
import {
  addSamples,
  type DriftReport,
  findingsOf,
  isLearning,
  MAX_REPORT_KEYS,
  MAX_TYPES,
  reportTypeFor,
} from '../../../src/core/ledger/drift.ts'

const BEGIN = Date.parse('2026-11-21T00:00:00Z')
const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const EVER = 0

/** Adds messages to a report, one a minute from `at` on. */
function reportOf(report: DriftReport | undefined, at: number, ...messages: object[]): DriftReport {
  return addSamples(
    report,
    messages.map((message, i) => ({ shape: shapeOf({ ...message }), at: at + i * MINUTE })),
  )
}
const times = (count: number, message: object) => Array.from({ length: count }, () => message)

/** A report that has learned `{a, data}` in 20 messages, and whose next message comes two days later. */
const learned = (message: object = { a: 'x', data: { b: 1 } }) =>
  reportOf(undefined, BEGIN, ...times(20, message))
const LATER = BEGIN + 2 * DAY

const findingsIn = (report: DriftReport) =>
  findingsOf(report, EVER).map(
    ({ finding, path, kinds }) => `${finding} ${path} ${kinds.join(' ')}`,
  )

describe('a report', () => {
  it('counts each path and kind, with the first and the last time', () => {
    const report = reportOf(undefined, BEGIN, { a: 'x' }, { a: 1 }, { a: null }, { b: [] })

    expect(report).toMatchObject({ messages: 4, first: BEGIN, last: BEGIN + 3 * MINUTE })
    expect(report.keys.get('a')).toEqual({
      count: 3,
      first: BEGIN,
      last: BEGIN + 2 * MINUTE,
      nth: 1,
      chances: 3,
      missing: 1,
      kinds: {
        string: { count: 1, first: BEGIN, last: BEGIN, nth: 1 },
        number: { count: 1, first: BEGIN + MINUTE, last: BEGIN + MINUTE, nth: 2 },
        null: { count: 1, first: BEGIN + 2 * MINUTE, last: BEGIN + 2 * MINUTE, nth: 3 },
      },
    })
  })

  it('is the same whether messages are added one by one or together', () => {
    const messages = [{ a: 1 }, { a: 'x', b: {} }, { b: { c: null } }, {}, { b: [1] }]
    const together = reportOf(undefined, BEGIN, ...messages)
    const alone = messages.reduce<DriftReport | undefined>(
      (report, message, i) => reportOf(report, BEGIN + i * MINUTE, message),
      undefined,
    )

    expect(alone).toEqual(together)
  })

  it('does not change the report that it continues', () => {
    const before = learned()
    const copy = structuredClone(before)

    reportOf(before, LATER, { a: 1, c: 1 })

    expect(before).toEqual(copy)
  })
})

describe('a new key', () => {
  it('is found with all keys in it', () => {
    const report = reportOf(learned(), LATER, { a: 'x', data: { b: 1 }, tax: { rate: 10 } })

    expect(findingsIn(report)).toEqual(['new tax object', 'new tax.rate number'])
    expect(findingsOf(report, EVER)[0]).toEqual({
      path: 'tax',
      finding: 'new',
      kinds: ['object'],
      first: LATER,
      last: LATER,
      count: 1,
      noticed: LATER,
    })
  })

  it.each([
    ['among the first 20 messages', 19, BEGIN + 2 * DAY],
    ['on the first day', 500, BEGIN + DAY - 1],
  ])('is not found %s', (_case, before, at) => {
    const report = reportOf(reportOf(undefined, BEGIN, ...times(before, {})), at, { tax: 1 })

    expect(report.keys.has('tax')).toBe(true)
    expect(findingsIn(report)).toEqual([])
    expect(isLearning(report)).toBe(true)
  })

  it('is found once both limits have passed', () => {
    const report = reportOf(reportOf(undefined, BEGIN, ...times(20, {})), BEGIN + DAY, { tax: 1 })

    expect(findingsIn(report)).toEqual(['new tax number'])
    expect(isLearning(report)).toBe(false)
  })

  it('is noticed at its first message, so that `since` excludes it later', () => {
    const report = reportOf(learned(), LATER, ...times(30, { tax: 1 }))

    expect(findingsOf(report, LATER).map(({ finding }) => finding)).toContain('new')
    expect(findingsOf(report, LATER + 1).map(({ finding }) => finding)).not.toContain('new')
  })
})

describe('a key that vanished', () => {
  const without = (count: number) => times(count, { data: { b: 1 } })

  it('is found after 20 messages without it', () => {
    expect(findingsIn(reportOf(learned(), LATER, ...without(19)))).toEqual([])

    const report = reportOf(learned(), LATER, ...without(25))

    expect(findingsOf(report, EVER)).toEqual([
      {
        path: 'a',
        finding: 'vanished',
        kinds: ['string'],
        first: BEGIN,
        last: BEGIN + 19 * MINUTE,
        count: 20,
        noticed: LATER + 19 * MINUTE,
      },
    ])
  })

  it('is no longer found when it comes back', () => {
    const report = reportOf(reportOf(learned(), LATER, ...without(25)), LATER + DAY, { a: 'x' })

    expect(findingsIn(report)).toEqual([])
  })

  it.each([
    ['18 of 20', 18, ['vanished a string']],
    ['17 of 20', 17, []],
  ])('is found only if nearly all messages had it: %s', (_case, of20, expected) => {
    const twenty = [...times(of20 - 1, { a: 'x' }), ...times(20 - of20, {}), { a: 'x' }]
    const report = reportOf(undefined, BEGIN, ...twenty, ...twenty, ...times(20, {}))

    expect(findingsIn(report)).toEqual(expected)
  })

  it('is found only if at least 20 messages had it', () => {
    const seen = (count: number) =>
      reportOf(undefined, BEGIN, ...times(count, { a: 1 }), ...times(100, {}))

    expect(findingsIn(seen(19))).toEqual([])
    expect(findingsIn(seen(20))).toEqual(['vanished a number'])
  })

  it('is counted from its own first message, not from the first of all', () => {
    const report = reportOf(learned({}), LATER, ...times(30, { tax: 1 }), ...times(20, {}))

    expect(findingsIn(report)).toEqual(['vanished tax number', 'new tax number'])
  })

  it('is reported as its object, not as each key in it', () => {
    const report = reportOf(learned(), LATER, ...times(30, { a: 'x' }))

    expect(findingsIn(report)).toEqual(['vanished data object'])
  })

  it('counts as missing only where its object is present', () => {
    const packages = { packages: [{ id: 1, name: 'x' }] }
    const report = reportOf(learned(packages), LATER, ...times(50, { packages: [] }))

    expect(findingsIn(report)).toEqual([])

    const renamed = reportOf(
      report,
      LATER + DAY,
      ...times(20, { packages: [{ id: 1, title: 'x' }] }),
    )
    expect(findingsIn(renamed)).toEqual([
      'vanished packages[].name string',
      'new packages[].title string',
    ])
  })

  it('is never a key of a map, whose keys vary', () => {
    const report = reportOf(
      learned({ by: { 'ana@example.com': { visits: 1 } } }),
      LATER,
      ...times(30, { by: {} }),
    )

    expect(findingsIn(report)).toEqual([])
  })

  it('does not count as missing in a message whose shape is incomplete', () => {
    const large = Object.fromEntries(
      Array.from({ length: 300 }, (_, i) => [`${'k'.repeat(i % 50)}${'l'.repeat(i / 50)}`, 1]),
    )
    const report = reportOf(learned(), LATER, ...times(30, large))

    expect(report.keys.get('a')?.missing).toBe(0)
  })
})

describe('a key that changed', () => {
  it('is found with a kind that it never had', () => {
    const report = reportOf(learned(), LATER, ...times(3, { a: 1, data: { b: 1 } }))

    expect(findingsOf(report, EVER)).toEqual([
      {
        path: 'a',
        finding: 'changed',
        kinds: ['string', 'number'],
        first: LATER,
        last: LATER + 2 * MINUTE,
        count: 3,
        noticed: LATER,
      },
    ])
  })

  it('is found when a list becomes a string, although the list is missing', () => {
    const report = reportOf(learned({ packages: ['a'] }), LATER, ...times(30, { packages: 'a' }))

    expect(findingsIn(report)).toEqual(['changed packages list string'])
  })

  it.each([
    ['it is null now', { a: 'x' }, { a: null }],
    ['it was null before', { a: null }, { a: 'x' }],
    ['it had that kind before', { a: 'x' }, { a: 'y' }],
  ])('is not found when %s', (_case, before, after) => {
    expect(findingsIn(reportOf(learned(before), LATER, ...times(30, after)))).toEqual([])
  })

  it('is not found while the baseline is learned', () => {
    expect(findingsIn(reportOf(undefined, BEGIN, { a: 1 }, { a: 'x' }))).toEqual([])
  })

  it('is found once for each new kind, not for the kinds that it had', () => {
    const report = reportOf(
      learned({ list: [1, 'x'] }),
      LATER,
      { list: [{}] },
      { list: [true, null] },
    )

    expect(findingsIn(report)).toEqual([
      'changed list[] number string object boolean',
      'changed list[] number string object',
    ])
  })
})

describe('the size of a report', () => {
  const strange = (seed: number, count = 90) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, i) => [
        `s${[...String(seed * 1000 + i)].map((digit) => 'abcdefghij'[Number(digit)]).join('')}`,
        1,
      ]),
    )

  it('is limited, and usual keys outlive new ones', () => {
    const messages = Array.from({ length: 30 }, (_, i) => strange(i))
    const report = reportOf(learned(), LATER, ...messages)

    expect(report.keys.size).toBe(MAX_REPORT_KEYS)
    expect([...report.keys.keys()]).toEqual(expect.arrayContaining(['a', 'data', 'data.b']))
    expect([...report.keys.keys()]).toEqual(expect.arrayContaining(Object.keys(strange(29))))
  })

  it('always leaves room for the latest message', () => {
    const full = [strange(0), strange(1), strange(2), strange(3), strange(4), strange(5)]
    const report = reportOf(learned(), LATER, ...full, strange(6, 57), ...full, strange(6, 57), {
      tax: 1,
    })

    expect(report.keys.size).toBe(MAX_REPORT_KEYS)
    expect(findingsIn(report)).toContain('new tax number')
  })
})

describe('reportTypeFor', () => {
  it.each([
    ['payment.created', 'payment.created'],
    ['accountCreated|clientUpdated', 'accountCreated|clientUpdated'],
    [null, ''],
    ['ana@example.com', '*'],
    ['0a1b2c3d-1111-4222-8333-444455556666', '*'],
    ['', '*'],
  ])('of %j is %j', (vendorType, type) => {
    expect(reportTypeFor(vendorType, new Set())).toBe(type)
  })

  it('is * when a source has too many types', () => {
    const known = new Set(Array.from({ length: MAX_TYPES }, (_, i) => `type ${i}`))

    expect(reportTypeFor('one more', known)).toBe('*')
    expect(reportTypeFor('type 7', known)).toBe('type 7')
    expect(reportTypeFor(null, known)).toBe('')
  })
})
