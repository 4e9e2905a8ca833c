// A shorter retention is obeyed only after it has stood for a day: what it deletes does not come back.
import { describe, expect, it } from 'vitest'
import {
  nextRetention,
  type Retention,
  type RetentionMemory,
} from '../../../src/core/ledger/retention.ts'
import { HOUR_MS } from '../../../src/core/period.ts'

const NOW = Date.parse('2026-11-21T00:00:00.000Z')
const LONG = { days: 400, rawDays: 90 }
const SHORT = { days: 40, rawDays: 30 }

/** A memory, through hours with a retention in each. Returns the retention that was obeyed in each hour, and the writes. */
function through(hours: (Retention | undefined)[], start: Retention | 'none' = LONG) {
  let memory: RetentionMemory = { kept: start === 'none' ? undefined : start, next: undefined }
  let writes = 0
  const obeyed = hours.map((configured, hour) => {
    const next = nextRetention(memory, configured, NOW + hour * HOUR_MS)
    if (next !== memory) writes++
    memory = next
    return memory.kept
  })
  return { obeyed, writes }
}
const hours = (count: number, retention: Retention | undefined) =>
  Array.from({ length: count }, () => retention)

describe('the retention', () => {
  it('is the configured one, from the first minute on', () => {
    expect(through([SHORT], 'none').obeyed).toEqual([SHORT])
  })

  it('that is shorter is obeyed after a day, and told once before', () => {
    const { obeyed, writes } = through(hours(25, SHORT))

    expect(obeyed.slice(0, 24)).toEqual(hours(24, LONG))
    expect(obeyed[24]).toEqual(SHORT)
    expect(writes).toBe(2)
  })

  it('that is longer is obeyed at once', () => {
    expect(through([LONG], SHORT).obeyed).toEqual([LONG])
  })

  it.each<[string, Retention]>([
    ['events', { days: 300, rawDays: 100 }],
    ['payloads', { days: 500, rawDays: 80 }],
  ])('that is shorter for %s only is obeyed at once in what is longer', (_, mixed) => {
    const longer = { days: Math.max(400, mixed.days), rawDays: Math.max(90, mixed.rawDays) }

    expect(through(hours(25, mixed)).obeyed).toEqual([...hours(24, longer), mixed])
  })

  it('deletes nothing when a mistake is corrected within the day', () => {
    const { obeyed } = through([...hours(20, SHORT), ...hours(3, LONG), ...hours(20, SHORT)])

    expect(obeyed).toEqual(hours(43, LONG))
  })

  it('begins a new day when it becomes shorter still', () => {
    const shorter = { days: 4, rawDays: 4 }

    const { obeyed } = through([...hours(24, SHORT), ...hours(24, shorter)])

    expect(obeyed.at(-1)).toEqual(LONG)
  })

  it('is the longer one while two versions run side by side', () => {
    const turns = Array.from({ length: 96 }, (_, i) => (i % 2 === 0 ? SHORT : LONG))

    expect(through(turns).obeyed).toEqual(hours(96, LONG))
  })

  it('that cannot be read is the one of before, and deletes nothing if there is none', () => {
    expect(through(hours(99, undefined), SHORT)).toEqual({ obeyed: hours(99, SHORT), writes: 0 })
    expect(through(hours(99, undefined), 'none').obeyed).toEqual(hours(99, undefined))
  })
})
