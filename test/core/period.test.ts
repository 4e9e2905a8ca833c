// The forms in which a time can be written.
import { describe, expect, it } from 'vitest'
import { parseTime } from '../../src/core/period.ts'

const NOW = Date.parse('2026-11-21T12:00:00Z')

describe('a time', () => {
  it.each([
    ['30m', '2026-11-21T11:30:00Z'],
    ['24h', '2026-11-20T12:00:00Z'],
    ['7d', '2026-11-14T12:00:00Z'],
    ['2w', '2026-11-07T12:00:00Z'],
    ['2026-11-21', '2026-11-21T00:00:00Z'],
    ['2024-02-29', '2024-02-29T00:00:00Z'],
    ['2026-11-21T10:00:00Z', '2026-11-21T10:00:00Z'],
    ['2026-11-21T10:00:00.250+01:00', '2026-11-21T09:00:00.250Z'],
    ['99999w', '1970-01-01T00:00:00Z'],
  ])('%s is %s', (text, time) => {
    expect(parseTime(text, NOW)).toBe(Date.parse(time))
  })

  it.each([
    '',
    '7',
    'd',
    '-1d',
    '7 d',
    'yesterday',
    '2026-13-01',
    '2026-02-30',
    '2025-02-29T10:00:00Z',
    '2026-02-32',
    '2026-11-21 10:00',
    '1795212900',
    '1969-01-01',
  ])('%s is not a time', (text) => {
    expect(parseTime(text, NOW)).toBeUndefined()
  })
})
