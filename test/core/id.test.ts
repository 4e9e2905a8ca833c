import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  firstKeyAt,
  ID_RANDOM_RANGE,
  idOfKey,
  isEventId,
  keyOfId,
  newEventId,
  timeOfId,
} from '../../src/core/id.ts'

const MAX_TIME = 4_398_046_511_103 // 42 bits: the year 2109
const time = fc.nat({ max: MAX_TIME })
const random = fc.nat({ max: ID_RANDOM_RANGE - 1 })

describe('event ids', () => {
  // Key = milliseconds · 2²¹ + random; the letters by hand with Crockford's table.
  it.each([
    [0, 0, '0', 'evt_0000000000000'],
    [0, 2_097_151, '2097151', 'evt_000000001zzzz'],
    [1, 0, '2097152', 'evt_0000000020000'],
    [1_795_219_200_000, 7, '3764847535718400007', 'evt_38fvcwc000007'],
    [MAX_TIME, 2_097_151, '9223372036854775807', 'evt_7zzzzzzzzzzzz'],
  ] as const)(
    'at %d with the random part %d have the key %s and the text %s',
    (now, part, key, id) => {
      expect(newEventId(now, part)).toBe(id)
      expect(keyOfId(id)).toBe(key)
      expect(idOfKey(key)).toBe(id)
      expect(idOfKey(BigInt(key))).toBe(id)
      expect(timeOfId(id)).toBe(now)
    },
  )

  it('convert to their key and time, and the key back to the id', () => {
    fc.assert(
      fc.property(time, random, (now, part) => {
        const id = newEventId(now, part)
        expect(idOfKey(keyOfId(id))).toBe(id)
        expect(timeOfId(id)).toBe(now)
        expect(isEventId(id)).toBe(true)
      }),
    )
  })

  it('sort by time as text and as keys, whatever their random part', () => {
    fc.assert(
      fc.property(time, time, random, random, (a, b, randomA, randomB) => {
        fc.pre(a !== b)
        const [earlier, later] = [
          newEventId(Math.min(a, b), randomA),
          newEventId(Math.max(a, b), randomB),
        ]
        expect(earlier < later).toBe(true)
        expect(BigInt(keyOfId(earlier)) < BigInt(keyOfId(later))).toBe(true)
      }),
    )
  })

  it('differ when their random parts do', () => {
    fc.assert(
      fc.property(time, random, random, (now, a, b) => {
        expect(newEventId(now, a) === newEventId(now, b)).toBe(a === b)
      }),
    )
  })
})

describe('firstKeyAt', () => {
  it.each([
    [0, '0'],
    [-1, '0'],
    [1, '2097152'],
    [1.9, '2097152'],
    [1_795_219_200_000, '3764847535718400000'],
  ])('at %d is %s', (ms, key) => {
    expect(firstKeyAt(ms)).toBe(key)
  })

  it('is not above any key of its time and above every key before', () => {
    fc.assert(
      fc.property(time, random, (now, part) => {
        const key = BigInt(keyOfId(newEventId(now, part)))
        expect(BigInt(firstKeyAt(now)) <= key).toBe(true)
        expect(BigInt(firstKeyAt(now + 1)) > key).toBe(true)
      }),
    )
  })
})

describe('isEventId', () => {
  it.each([
    '',
    'evt_',
    'evt_38fvcwc00000',
    'evt_38fvcwc0000077',
    'EVT_38fvcwc000007',
    'evt_38FVCWC000007',
    'evt_8000000000000',
    'evt_38fvcwc00000i',
    'evt_38fvcwc00000l',
    'evt_38fvcwc00000o',
    'evt_38fvcwc00000u',
    ' evt_38fvcwc000007',
    'evt_38fvcwc000007\n',
    'per_38fvcwc000007',
  ])('refuses %j', (text) => {
    expect(isEventId(text)).toBe(false)
  })
})
