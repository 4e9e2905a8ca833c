// The rate of a replay, as arithmetic.
import { describe, expect, it } from 'vitest'
import { dueOf, roomFor } from '../../../src/core/deliveries/replay.ts'

const NOW = Date.parse('2026-11-21T00:00:00Z')

describe('roomFor', () => {
  it.each([
    [10, 0, 700],
    [10, 60_000, 100],
    [10, 70_000, 0],
    [10, 90_000, 0],
    [0.1, 0, 7],
  ])('at %d a second, beginning %d ms from now, is %d', (perSecond, from, room) => {
    expect(roomFor(perSecond, NOW + from, NOW)).toBe(room)
  })

  it('lets the next run start where this one ended, not before', () => {
    const room = roomFor(7, NOW, NOW)
    const last = dueOf(room - 1, 7, NOW)
    const next = dueOf(room, 7, NOW)

    expect(next - last).toBeGreaterThanOrEqual(142)
    expect(next - NOW).toBeLessThanOrEqual(70_001)
  })
})
