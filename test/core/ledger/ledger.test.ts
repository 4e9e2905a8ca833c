// Whether a ledger adds up, as arithmetic.
import { describe, expect, it } from 'vitest'
import { type Count, discrepancies, tally } from '../../../src/core/ledger/ledger.ts'

const COUNTS: Count[] = [
  { kind: 'source', name: 'hype', state: 'accepted', count: 3, created: 6 },
  { kind: 'source', name: 'hype', state: 'duplicate', count: 2, created: 0 },
  { kind: 'source', name: 'hapana', state: 'quarantined', count: 1, created: 0 },
  { kind: 'target', name: 'crm', state: 'delivered', count: 2, created: 0 },
  { kind: 'target', name: 'crm', state: 'dead', count: 1, created: 0 },
  { kind: 'target', name: 'finance', state: 'held', count: 3, created: 0 },
]

describe('a tally', () => {
  it('has a line for each source and each target, by name', () => {
    expect(tally(COUNTS)).toEqual({
      sources: [
        {
          source: 'hapana',
          received: 1,
          accepted: 0,
          quarantined: 1,
          duplicate: 0,
          erased: 0,
          inferred: 0,
          created: 0,
        },
        {
          source: 'hype',
          received: 5,
          accepted: 3,
          quarantined: 0,
          duplicate: 2,
          erased: 0,
          inferred: 0,
          created: 6,
        },
      ],
      targets: [
        {
          target: 'crm',
          created: 3,
          pending: 0,
          retrying: 0,
          held: 0,
          delivered: 2,
          dead: 1,
          cancelled: 0,
        },
        {
          target: 'finance',
          created: 3,
          pending: 0,
          retrying: 0,
          held: 3,
          delivered: 0,
          dead: 0,
          cancelled: 0,
        },
      ],
    })
  })

  it('counts inferred events apart from received ones', () => {
    const inferred: Count = {
      kind: 'source',
      name: 'hype',
      state: 'inferred',
      count: 1,
      created: 2,
    }

    expect(tally([...COUNTS, inferred]).sources[1]).toMatchObject({
      received: 5,
      inferred: 1,
      created: 8,
    })
  })

  it('adds up counts of the same state from several hours', () => {
    const [first] = COUNTS

    expect(tally(first ? [first, first] : []).sources[0]).toMatchObject({
      accepted: 6,
      created: 12,
    })
  })

  it('treats a name such as constructor as an ordinary name', () => {
    const odd = COUNTS.map((count) => ({ ...count, name: 'constructor' }))

    expect(tally(odd).sources).toHaveLength(1)
  })
})

describe('discrepancies', () => {
  it('are none when everything is accounted for', () => {
    expect(discrepancies(tally(COUNTS))).toEqual([])
  })

  it.each([
    [
      'an unknown status',
      { kind: 'source', name: 'hype', state: 'lost', count: 1, created: 0 },
      'source hype: 6 received, 5 accounted for',
    ],
    [
      'a delivery that no event created',
      { kind: 'target', name: 'crm', state: 'pending', count: 1, created: 0 },
      'events created 6 deliveries, but 7 exist',
    ],
    [
      'a created delivery that does not exist',
      { kind: 'source', name: 'hype', state: 'accepted', count: 1, created: 1 },
      'events created 7 deliveries, but 6 exist',
    ],
  ] as const)('name %s', (_case, extra, words) => {
    expect(discrepancies(tally([...COUNTS, extra]))).toEqual([words])
  })

  it('name a delivery in an unknown state', () => {
    const lost = COUNTS.map((count) =>
      count.state === 'held' ? { ...count, state: 'gone' } : count,
    )

    expect(discrepancies(tally(lost))).toEqual(['target finance: 3 created, 0 accounted for'])
  })
})
