import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  currentId,
  firstKeyAt,
  ID_RANDOM_RANGE,
  idOfKey,
  isEventId,
  keyOfId,
  neighbourId,
  newEventId,
  newPersonId,
  timeOfId,
  timeOfKey,
} from '../../src/core/id.ts'

const BEGIN = Date.UTC(2020, 0, 1)
const MAX_TIME = BEGIN + 2 ** 40 - 1 // 40 bits: the year 2054
const time = fc.integer({ min: BEGIN, max: MAX_TIME })
const random = fc.nat({ max: ID_RANDOM_RANGE - 1 })

describe('event ids', () => {
  // Key = milliseconds since 2020 · 2¹³ + random; the letters by hand with Crockford's table.
  it.each([
    [BEGIN, 0, '0', 'evt_00000000000'],
    [BEGIN, 7167, '7167', 'evt_000000006zz'],
    [BEGIN + 1, 0, '8192', 'evt_00000000800'],
    [1_795_219_200_000, 7, '1780796620800007', 'evt_1jkm0300007'],
    [MAX_TIME, 7167, '9007199254739967', 'evt_7zzzzzzzyzz'],
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
    [BEGIN, '0'],
    [0, '0'],
    [-1, '0'],
    [BEGIN + 1, '8192'],
    [BEGIN + 1.9, '8192'],
    [1_795_219_200_000, '1780796620800000'],
    [MAX_TIME + 1, '9007199254740992'],
    [253_402_300_799_000, '9007199254740992'],
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

describe('the id of a version 0.x', () => {
  it('becomes one of the same millisecond, and the same one each time', () => {
    // 1,795,219,200,000 ms · 2²¹ + 7, and + 2²¹ − 1.
    expect(currentId('evt_38fvcwc000007')).toBe('evt_1jkm0300007')
    const last = currentId('evt_38fvcwc001zzz')
    expect(timeOfId(last)).toBe(1_795_219_200_000)
    expect(currentId('evt_38fvcwc001zzz')).toBe(last)
  })

  it('is left as it is when it is one of today', () => {
    expect(currentId('evt_1jkm0300007')).toBe('evt_1jkm0300007')
  })
})

describe('the id of a person who is split from another', () => {
  it('is that of no event', () => {
    fc.assert(
      fc.property(time, random, random, (now, drawn, n) => {
        const key = keyOfId(newPersonId(now, n))
        expect(key).not.toBe(keyOfId(newEventId(now, drawn)))
        expect(key).not.toBe(keyOfId(neighbourId(newEventId(now, drawn), n)))
        expect(timeOfKey(key)).toBe(now)
      }),
    )
  })
})

describe('isEventId', () => {
  it.each([
    '',
    'evt_',
    'evt_1jkm030000',
    'evt_1jkm030000777',
    'EVT_1jkm0300007',
    'evt_1JKM0300007',
    'evt_80000000000',
    'evt_1jkm030000i',
    'evt_1jkm030000l',
    'evt_1jkm030000o',
    'evt_1jkm030000u',
    ' evt_1jkm0300007',
    'evt_1jkm0300007\n',
    'per_1jkm0300007',
    // The ids of the versions 0.x.
    'evt_38fvcwc000007',
  ])('refuses %j', (text) => {
    expect(isEventId(text)).toBe(false)
  })
})
