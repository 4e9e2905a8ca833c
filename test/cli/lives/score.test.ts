// The instrument of `npm run lives` can say no: scoring on lives of a few messages. All of them are made up.
import { describe, expect, it } from 'vitest'
import { explain } from '../../lives/explain.ts'
import { goalsOf } from '../../lives/goals.ts'
import { claimsOf } from '../../lives/score/claims.ts'
import { wrongOf } from '../../lives/score/corrections.ts'
import { scoreOf } from '../../lives/score/index.ts'
import type { Arrival, Delivered, Event, Message, Story, Truth } from '../../lives/truth.ts'

const T0 = Date.UTC(2027, 0, 4)
const MINUTE = 60_000

const REFUND: Truth = {
  ...{ what: 'refund', types: ['payment.refunded'], open: ['payment.updated'], amount: '10.00' },
}
const FAILED: Truth = {
  ...{ what: 'failed_charge', types: ['payment.failed'], open: ['payment.updated'] },
}
const STATUS: Truth = { what: 'status', types: ['membership.status_changed'], status: 'active' }

type Given = Partial<Omit<Arrival, 'message'>> & { message?: Partial<Message> }

/** An arrival with its message, by default a status of client 1 of human 1 that arrives at once. */
function arrival(n: number, { message, ...given }: Given = {}): Arrival {
  const at = given.at ?? T0 + n * MINUTE
  const whole: Message = {
    ...{ n, vendor: 'hapana', type: 'clientStatusChange', contact: 'client 1', account: 'brand 0' },
    ...{ human: 1, at, body: { email: 'ana@mail.example' }, truth: STATUS, isState: true },
    ...message,
  }
  const answer = { id: `evt_${n}`, status: 'accepted', type: '' }
  const body = JSON.stringify(whole.body)
  return { message: whole, copy: 0, at, headers: {}, query: '', body, answer, ...given }
}

function told(n: number, type: string, given: Partial<Event> = {}): Delivered {
  const event = { id: `evt_${n}`, type, personid: 'per_1', data: {}, ...given }
  return { target: 'ledger', at: T0 + n * MINUTE, event }
}

function story(arrivals: Arrival[], delivered: Delivered[]): Story {
  return { seed: 1, humans: [], arrivals, delivered, readings: {} }
}

const inferred = (confidence: string, evidence: string[] = []) => ({
  inference: { basis: ['total_fell'], confidence, evidence },
})

describe('a claim', () => {
  it.each([
    ['strong', 'payment.refunded', 'wrong'],
    ['likely', 'payment.refunded', 'wrong'],
    ['likely', 'payment.failed', 'right'],
    ['none', 'payment.updated', 'open'],
    ['none', 'payment.refunded', 'open'],
  ])('that is %s of %s, where a charge failed, is %s', (confidence, type, verdict) => {
    const event = { id: 'evt_1', type, data: inferred(confidence) }
    expect(claimsOf(event, FAILED)).toEqual([{ field: 'type', claimed: type, confidence, verdict }])
  })

  it.each([
    ['renewal', 'strong', 'wrong'],
    ['plan_switch', 'strong', 'right'],
    ['unknown', 'strong', 'open'],
    ['renewal', 'none', 'open'],
  ])('of the kind %s (%s), at a switch, is %s', (kind, confidence, verdict) => {
    const event = {
      id: 'evt_1',
      type: 'payment.created',
      data: { ...inferred(confidence), payment: { kind } },
    }
    const truth: Truth = { what: 'plan_switch', types: ['payment.created'], kinds: ['plan_switch'] }
    expect(claimsOf(event, truth)).toContainEqual({
      field: 'kind',
      claimed: kind,
      confidence,
      verdict,
    })
  })

  it('of a reason that the vocabulary has no word for is open as unknown, and wrong otherwise', () => {
    const truth: Truth = { what: 'declined', types: ['subscription.ended'], reason: 'other' }
    const claimed = (reason: string) =>
      claimsOf(
        { id: 'evt_1', type: 'subscription.ended', data: { ...inferred('likely'), reason } },
        truth,
      )[1]?.verdict
    expect([claimed('unknown'), claimed('dunning')]).toEqual(['open', 'wrong'])
  })

  it('that is strong and wrong misses a goal', () => {
    const message = { type: 'payment.updated', truth: FAILED }
    const { counts } = scoreOf(
      story([arrival(1, { message })], [told(1, 'payment.refunded', { data: inferred('strong') })]),
    )
    expect(counts['found|type:payment.refunded:strong']).toBe(1)
    expect(goalsOf(counts).filter(({ isMet }) => !isMet)).toEqual([
      { name: 'strong and certain claims that are wrong', is: '1', isMet: false },
    ])
  })

  it('that is likely and right in less than 95 % misses a goal', () => {
    const counts = {
      'claim|kind|gift|likely|right|gift': 94,
      'claim|kind|gift|likely|wrong|renewal': 6,
    }
    expect(goalsOf(counts).find(({ isMet }) => !isMet)?.name).toBe(
      'likely kind gift, at least 95 % right',
    )
    expect(
      goalsOf({ ...counts, 'claim|kind|gift|likely|wrong|renewal': 4 }).every(({ isMet }) => isMet),
    ).toBe(true)
  })
})

describe('a true event', () => {
  const recognised = { id: 'evt_1', status: 'duplicate', type: '' }

  const sale = { type: 'packagePurchased', isState: false }
  const other = { ...sale, body: { email: 'ana@mail.example', amount: '1.00' } }

  it('that is answered as a repeat is eaten', () => {
    const { counts } = scoreOf(
      story(
        [arrival(1, { message: sale }), arrival(2, { message: other, answer: recognised })],
        [told(1, 'purchase.completed')],
      ),
    )
    expect(counts['found|eaten:packagePurchased']).toBe(1)
  })

  it('that equals another to the byte cannot be told from its repeat', () => {
    const { counts } = scoreOf(
      story(
        [arrival(1, { message: sale }), arrival(2, { message: sale, answer: recognised })],
        [told(1, 'purchase.completed')],
      ),
    )
    expect(counts['found|eaten:packagePurchased']).toBeUndefined()
    expect(counts['true events that equal another to the byte']).toBe(1)
  })

  it('that no target got is eaten', () => {
    const { counts } = scoreOf(story([arrival(1)], []))
    expect(counts['found|eaten:clientStatusChange']).toBe(1)
  })

  it('that is the state of the message right before it is told already', () => {
    const { counts } = scoreOf(
      story(
        [arrival(1), arrival(2, { answer: recognised })],
        [told(1, 'membership.status_changed')],
      ),
    )
    expect(counts).toMatchObject({ 'equal states told as one, with nothing between them': 1 })
    expect(counts).not.toHaveProperty('found|eaten:clientStatusChange')
  })

  it('that is marked as a possible repeat is told', () => {
    const { counts } = scoreOf(
      story([arrival(1)], [told(1, 'membership.status_changed', { possibleduplicate: true })]),
    )
    expect(counts['true events marked as possible repeats']).toBe(1)
  })
})

describe('a repeat', () => {
  const sale = {
    type: 'packagePurchased',
    isState: false,
    truth: { what: 'purchase', types: ['purchase.completed'] },
  }

  function repeated(apartMs: number, message: Partial<Message> = {}) {
    const first = arrival(1, { message: { ...sale, ...message } })
    const answer = { id: 'evt_2', status: 'accepted', type: '' }
    const again = { ...first, copy: 1, at: first.at + apartMs, answer }
    return story([first, again], [told(1, 'purchase.completed'), told(2, 'purchase.completed')])
  }

  it('told unmarked within the window is wrong', () => {
    expect(scoreOf(repeated(4 * MINUTE)).counts['found|repeat:packagePurchased']).toBe(1)
  })

  it('told unmarked behind the window is a figure, unless an identity tells', () => {
    const { counts } = scoreOf(repeated(10 * MINUTE))
    expect(counts['repeats beyond knowledge, told unmarked']).toBe(1)
    expect(counts).not.toHaveProperty('found|repeat:packagePurchased')
    const known = scoreOf(repeated(10 * MINUTE, { identity: 'msg-1' })).counts
    expect(known['found|repeat:packagePurchased']).toBe(1)
  })

  it('of a state may be beyond knowledge behind another state', () => {
    const first = arrival(1)
    const other = arrival(2, { message: { body: { status: 'inactive' } } })
    const again = {
      ...first,
      copy: 1,
      at: T0 + 3 * MINUTE,
      answer: { id: 'evt_3', status: 'accepted', type: '' },
    }
    const type = 'membership.status_changed'
    const { counts } = scoreOf(
      story([first, other, again], [told(1, type), told(2, type), told(3, type)]),
    )
    expect(counts['repeats beyond knowledge, told unmarked']).toBe(1)
  })
})

describe('people', () => {
  const type = 'membership.status_changed'
  const client = arrival(1)
  const member = arrival(1, { message: { contact: 'member 1', vendor: 'hype', account: 'pub-1' } })

  it.each([
    ['within', client, { contact: 'client 2' }],
    ['across', client, { contact: 'member 2', vendor: 'hype' as const, account: 'pub-2' }],
    ['publishers', member, { contact: 'member 2', vendor: 'hype' as const, account: 'pub-2' }],
  ])('of different lives with one personid are joined wrongly %s', (where, one, message) => {
    const other = arrival(2, { message: { ...message, human: 2 } })
    const { counts } = scoreOf(story([one, other], [told(1, type), told(2, type)]))
    expect(counts[`found|joined-${where}`]).toBe(1)
    expect(goalsOf(counts).some(({ isMet }) => !isMet)).toBe(true)
  })

  it('who are one human at two vendors with one own address should be found', () => {
    const member = arrival(2, {
      message: { contact: 'member 1', vendor: 'hype', account: 'pub-1' },
    })
    const apart = scoreOf(
      story([client, member], [told(1, type), told(2, type, { personid: 'per_2' })]),
    )
    expect(apart.counts['found|not-found']).toBe(1)
    const found = scoreOf(story([client, member], [told(1, type), told(2, type)]))
    expect(found.counts['same humans found']).toBe(1)
  })

  it('cannot be found by an address that others have too', () => {
    const member = arrival(2, {
      message: { contact: 'member 1', vendor: 'hype', account: 'pub-1' },
    })
    const partner = arrival(3, { message: { contact: 'client 2', human: 2 } })
    const { counts } = scoreOf(story([client, member, partner], []))
    expect(counts['same humans at two vendors, without an own address in common']).toBe(1)
  })
})

describe('a mark', () => {
  const visit = {
    type: 'checkIn',
    truth: { what: 'visit', types: ['checkin.recorded'] },
    isState: false,
  }
  const firstOf = (...firsts: boolean[]) =>
    scoreOf(
      story(
        firsts.map((_, i) => arrival(i + 1, { message: visit })),
        firsts.map((first, i) => told(i + 1, 'checkin.recorded', { data: { checkin: { first } } })),
      ),
    ).counts

  it('of the first check-in is wrong on the second, and missed on the first', () => {
    expect(firstOf(true, false)['first right']).toBe(2)
    expect(firstOf(true, true)['found|first']).toBe(1)
    expect(firstOf(false, false)['found|first']).toBe(1)
  })

  it('of lateness is wrong where nothing later was known, and missed where something was', () => {
    const failed = { vendor: 'hype' as const, type: 'payment.updated', truth: FAILED }
    const early = arrival(2, { stamp: T0, message: { ...failed, at: T0 } })
    const late = arrival(1, {
      stamp: T0 + 90_000,
      at: T0 + MINUTE,
      message: { ...failed, at: T0 + 90_000 },
    })
    const events = (isLate: boolean) => [
      told(1, 'payment.failed'),
      told(2, 'payment.failed', { late: isLate }),
    ]
    expect(scoreOf(story([late, early], events(true))).counts['late, marked']).toBe(1)
    expect(scoreOf(story([late, early], events(false))).counts['found|late:unmarked']).toBe(1)
    expect(
      scoreOf(story([early], [told(2, 'payment.failed', { late: true })])).counts[
        'found|late:marked'
      ],
    ).toBe(1)
  })

  it('of the status before is that of the message before', () => {
    const [one, other] = [
      arrival(1),
      arrival(2, { message: { truth: { ...STATUS, status: 'inactive' } } }),
    ]
    const counts = (previous_status: string) =>
      scoreOf(
        story(
          [one, other],
          [
            told(1, 'membership.status_changed'),
            told(2, 'membership.status_changed', { data: { membership: { previous_status } } }),
          ],
        ),
      ).counts
    expect(counts('active')['previous_status right']).toBe(2)
    expect(counts('suspended')['found|previous_status']).toBe(1)
  })

  it.each(['9.00', '19.899999999999996', '10.001'])('of money is wrong as %s', (value) => {
    const message = { type: 'payment.updated', truth: REFUND }
    const data = { ...inferred('strong'), refund: { amount: { value } } }
    const { counts } = scoreOf(
      story([arrival(1, { message })], [told(1, 'payment.refunded', { data })]),
    )
    expect(counts['found|amount:payment.refunded:strong']).toBe(1)
    expect(goalsOf(counts).some(({ isMet }) => !isMet)).toBe(true)
  })
})

describe('a correction', () => {
  const [unknown, dunning] = [{ reason: 'unknown' }, { reason: 'dunning' }]

  it('is asked for by what its target was told, and tells something else', () => {
    expect(wrongOf(unknown, { was: unknown, is: dunning })).toBeUndefined()
    expect(wrongOf(dunning, { was: unknown, is: dunning })).toBe('correction-needless')
    expect(wrongOf({ reason: 'plan_switch' }, { was: unknown, is: dunning })).toBe('correction-was')
    expect(wrongOf(undefined, { was: unknown, is: dunning })).toBe('correction-unasked')
  })

  it('is judged by the truth of what it corrects', () => {
    const truth: Truth = {
      what: 'price_change',
      types: ['subscription.ended'],
      reason: 'price_change',
    }
    const end = arrival(1, { message: { type: 'payment.deleted', truth } })
    const is = (reason: string) => ({
      was: { reason: 'unknown' },
      is: { type: 'subscription.ended', reason },
    })
    const counts = (reason: string) =>
      scoreOf(
        story(
          [end],
          [
            told(1, 'subscription.ended', { data: { reason: 'unknown' } }),
            told(9, 'subscription.corrected', {
              data: { corrects: 'evt_1', ...is(reason), ...inferred('strong') },
            }),
          ],
        ),
      ).counts
    expect(counts('price_change')).not.toHaveProperty(
      'found|correction:subscription.ended dunning:strong',
    )
    expect(counts('dunning')['found|correction:subscription.ended dunning:strong']).toBe(1)
  })

  it('is what is known of an end when all have come', () => {
    const truth: Truth = {
      what: 'price_change',
      types: ['subscription.ended'],
      reason: 'price_change',
    }
    const end = arrival(1, { message: { type: 'payment.deleted', truth } })
    const ended = told(1, 'subscription.ended', { data: { reason: 'unknown' } })
    const is = { type: 'subscription.ended', reason: 'price_change' }
    const corrected = told(9, 'subscription.corrected', {
      data: { corrects: 'evt_1', was: {}, is },
    })
    expect(scoreOf(story([end], [ended])).get('in the end|price_change|open')).toBe(1)
    expect(scoreOf(story([end], [ended, corrected])).get('in the end|price_change|right')).toBe(1)
  })

  it('from two halves to a switch is wrong where they are not those of one', () => {
    const half = (n: number, switchId?: number) =>
      arrival(n, { message: { truth: { ...STATUS, ...(switchId ? { switchId } : {}) } } })
    const changed = told(9, 'subscription.plan_changed', {
      data: inferred('strong', ['evt_1', 'evt_2']),
    })
    const counts = (...halves: Arrival[]) => scoreOf(story(halves, [changed])).counts
    expect(counts(half(1, 5), half(2, 5))['switches told']).toBe(1)
    expect(counts(half(1, 5), half(2))['found|type:subscription.plan_changed:strong']).toBe(1)
  })
})

describe('the story of a wrong claim', () => {
  it('tells what happened, what arrived, what was told, and what is wrong', () => {
    const body = { email: 'ana@mail.example', source: 'System', data: { total: 30 } }
    const late = {
      at: T0 + 10 * MINUTE,
      message: { at: T0, type: 'payment.updated', truth: FAILED, body },
    }
    const wrong = story(
      [arrival(1, late)],
      [told(1, 'payment.refunded', { data: inferred('strong') })],
    )
    const [first] = explain(wrong, scoreOf(wrong).findings, 'type')
    expect(first?.lines).toEqual([
      'type:payment.refunded:strong: claimed payment.refunded (strong), true is failed_charge',
      expect.stringMatching(/^ {2}world 1/),
      '  client 1: nobody',
      '▶ 2027-01-04 00:10:00 payment.updated source=System total=30 email=ana@mail.example',
      '      true: failed_charge at 2027-01-04 00:00:00; answered accepted evt_1',
      '      → ledger at 2027-01-04 00:01:00: payment.refunded (strong: total_fell) per_1',
    ])
  })
})
