// Plans of journeys: the same for the same seed, complete, in the order of sending, with no other troubles than requested.
import { describe, expect, it } from 'vitest'
import { journeyOf, MAX_MEMBERS } from '../../src/simulator/journey.ts'
import { JOURNEY_MS } from '../../src/simulator/sender.ts'
import type { Step, Trouble } from '../../src/simulator/step.ts'
import { NOW } from '../builders.ts'

const REQUEST = { vendor: 'hype', members: 3, seed: 'one', start: NOW } as const
const sentAt = ({ at, delay }: Step) => at + delay
const withTrouble = (steps: Step[], trouble: Trouble) =>
  steps.filter(({ troubles }) => troubles.includes(trouble))

describe('a clean journey', () => {
  it('has these messages of Hapana', () => {
    const steps = journeyOf({ ...REQUEST, vendor: 'hapana', members: 1 })

    expect(steps.map(({ name, message }) => `${name}: ${message.vendorType}`)).toEqual([
      'join: accountCreated',
      'join: packagePurchased',
      'join: clientStatusChange',
      'first_checkin: checkIn',
      'status_change: packagePurchased',
      'status_change: clientStatusChange',
      'failed_payment: outboundMessage',
      'failed_payment: clientStatusChange',
      'failed_payment: checkIn',
      'recovered: clientStatusChange',
      'recovered: checkIn',
      'plan_switch: packagePurchased',
      'plan_switch: clientStatusChange',
      'cancelled: clientStatusChange',
    ])
  })

  it('has these messages of Hype, which sends no check-ins', () => {
    const steps = journeyOf({ ...REQUEST, members: 1 })

    expect(steps.map(({ name, message }) => `${name}: ${message.vendorType}`)).toEqual([
      'join: contact.created',
      'status_change: payment.created',
      'failed_payment: payment.updated',
      'failed_payment: contact.updated',
      'recovered: payment.created',
      'plan_switch: payment.deleted',
      'plan_switch: payment.created',
      'cancelled: payment.deleted',
    ])
  })

  it.each(['hapana', 'hype'] as const)('of %s begins at its start and ends in time', (vendor) => {
    const steps = journeyOf({ ...REQUEST, vendor, members: 40 })

    expect(steps[0]?.at).toBe(NOW)
    expect(Math.max(...steps.map(sentAt))).toBeLessThan(NOW + JOURNEY_MS)
  })

  it('of some members is interleaved, each with an order of its own', () => {
    const steps = journeyOf(REQUEST)
    const members = steps.map(({ member }) => member)

    expect(new Set(members)).toEqual(new Set([1, 2, 3]))
    expect(members).not.toEqual(members.toSorted((a, b) => a - b))
    expect(steps.map(sentAt)).toEqual(steps.map(sentAt).toSorted((a, b) => a - b))
    const ids = new Set(steps.map(({ message }) => JSON.parse(message.text).id))
    expect(ids.size).toBe(3)
  })

  it('is the same again, and another for another seed', () => {
    expect(journeyOf(REQUEST)).toEqual(journeyOf(REQUEST))
    expect(journeyOf(REQUEST)).not.toEqual(journeyOf({ ...REQUEST, seed: 'two' }))
  })

  it('of a member does not depend on how many there are', () => {
    const first = journeyOf(REQUEST).filter(({ member }) => member === 1)

    expect(first).toEqual(journeyOf({ ...REQUEST, members: 1 }))
  })

  it('of the maximum number of members has all their messages', () => {
    const troubles = { duplicates: true, reordering: true, lateness: true, drift: true, junk: true }
    const steps = journeyOf({ ...REQUEST, vendor: 'hapana', members: MAX_MEMBERS, ...troubles })

    expect(steps.length).toBeGreaterThan(14 * MAX_MEMBERS)
  })
})

describe('a trouble', () => {
  const clean = journeyOf({ ...REQUEST, members: 30 })

  it('of duplicates repeats messages byte by byte, within a minute', () => {
    const steps = journeyOf({ ...REQUEST, members: 30, duplicates: 0.3 })
    const copies = withTrouble(steps, 'duplicate')

    expect(copies.length / clean.length).toBeGreaterThan(0.2)
    expect(copies.length / clean.length).toBeLessThan(0.4)
    expect(steps.filter((step) => !copies.includes(step))).toEqual(clean)
    for (const copy of copies) {
      expect(clean.map(({ message }) => message)).toContainEqual(copy.message)
      expect(copy.delay).toBeLessThan(60_000)
    }
  })

  it('of reordering sends the next message of the same member first', () => {
    const steps = journeyOf({ ...REQUEST, members: 1, reordering: 1 })
    const texts = (all: Step[]) => all.map(({ message }) => message.text)

    expect(texts(steps).toSorted()).toEqual(texts(journeyOf({ ...REQUEST, members: 1 })).toSorted())
    expect(withTrouble(steps, 'reordered')).toHaveLength(7) // the last message has no next one
    expect(steps.map(({ at }) => at)).not.toEqual(steps.map(({ at }) => at).toSorted())
  })

  it('of lateness delays messages for days', () => {
    const late = withTrouble(journeyOf({ ...REQUEST, lateness: 1 }), 'late')

    expect(late).toHaveLength(24)
    for (const { delay } of late) expect(delay).toBeGreaterThanOrEqual(86_400_000)
  })

  it.each(['hapana', 'hype'] as const)(
    'of drift adds and changes keys of %s, but none that matter',
    (vendor) => {
      const request = { ...REQUEST, vendor, members: 20 }
      const original = journeyOf(request)
      const drifted = journeyOf({ ...request, drift: 1 })

      expect(drifted).toHaveLength(original.length)
      for (const [i, step] of drifted.entries()) {
        const [before, after] = [original[i], step].map((one) =>
          JSON.parse(one?.message.text ?? ''),
        )
        expect(Object.keys(after)).toHaveLength(Object.keys(before).length + 1)
        const changed = Object.keys(before).filter(
          (key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]),
        )
        expect(changed).toHaveLength(1)
        expect([
          'clientID',
          'siteID',
          'status',
          'id',
          'publisher_id',
          'type',
          'data',
        ]).not.toContain(changed[0])
      }
    },
  )

  it('of junk sends junk between the messages, as JSON and as other text', () => {
    const steps = journeyOf({ ...REQUEST, members: 30, junk: true })
    const junk = withTrouble(steps, 'junk')
    const notJson = junk.filter(({ message }) => message.text.startsWith('<'))

    expect(steps.filter((step) => !junk.includes(step))).toEqual(clean)
    expect(junk.length / clean.length).toBeGreaterThan(0.15)
    expect(notJson.length).toBeGreaterThan(0)
    expect(notJson.length).toBeLessThan(junk.length)
    expect(new Set(junk.map(({ message }) => message.text)).size).toBe(junk.length)
  })

  it.each([
    [false, 0],
    [undefined, 0],
    [0, 0],
    [1, 24],
  ])('has the probability %s', (duplicates, expected) => {
    expect(withTrouble(journeyOf({ ...REQUEST, duplicates }), 'duplicate')).toHaveLength(expected)
  })

  it('does not affect another trouble', () => {
    const one = journeyOf({ ...REQUEST, duplicates: 0.5 })
    const both = journeyOf({ ...REQUEST, duplicates: 0.5, junk: 0.5 })

    expect(both.filter(({ troubles }) => !troubles.includes('junk'))).toEqual(one)
  })
})
