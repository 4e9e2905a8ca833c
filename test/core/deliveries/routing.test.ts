import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../../src/config.ts'
import { matchesType, route } from '../../../src/core/deliveries/routing.ts'
import type { Target } from '../../../src/core/deliveries/target.ts'
import { aBrokenTarget, anEvent, aTarget } from '../builders.ts'

const NOW = Date.parse('2026-11-21T00:00:00Z')
const due = (target: string, at = NOW) => ({ target, state: 'pending', due: at })
const unevaluated = (target: string) => ({ ...due(target), reason: 'where' })
const fails = () => Promise.reject(new Error('x'))
const held = (target: string, reason: string) => ({ target, state: 'held', reason })

describe('matchesType', () => {
  it.each([
    ['*', 'contact.created', true],
    ['contact.*', 'contact.created', true],
    ['contact.*', 'contacts.created', false],
    ['contact*', 'contacts.created', true],
    ['contact.created', 'contact.created', true],
    ['contact.created', 'contact.created2', false],
    ['contact.created*', 'contact.created', true],
    ['contact', 'contact.created', false],
    ['Contact.*', 'contact.created', false],
    ['contact.create.', 'contact.created', false],
  ])('of %s and %s is %s', (pattern, type, matches) => {
    expect(matchesType(pattern, type)).toBe(matches)
  })

  it('of a prefix with * is true for exactly the types that start with it', () => {
    const part = fc.stringMatching(/^[a-c.]{0,4}$/)
    fc.assert(
      fc.property(part, part, (prefix, type) => {
        expect(matchesType(`${prefix}*`, type)).toBe(type.startsWith(prefix))
        expect(matchesType(`${prefix}*`, prefix + type)).toBe(true)
        expect(matchesType('*', type)).toBe(true)
        expect(matchesType(prefix, type)).toBe(prefix === type)
      }),
    )
  })
})

describe('route', () => {
  it('creates a delivery, due now, for each target that wants the event, in the order of targets', async () => {
    const targets = [
      aTarget({ name: 'crm' }),
      aTarget({ name: 'finance', events: ['payment.*'] }),
      aTarget({ name: 'chat', events: ['payment.*', 'contact.created'] }),
    ]

    const deliveries = await route(anEvent(), targets, NOW)

    expect(deliveries).toEqual([due('crm'), due('chat')])
  })

  it.each<[string, Partial<Target>, object[]]>([
    ['its source is named', { sources: ['hype', 'hapana'] }, [due('crm')]],
    ['its source is not named', { sources: ['hype'] }, []],
    ['no source is named', { sources: [] }, []],
    ['the target is disabled', { enabled: false }, [held('crm', 'disabled')]],
    ['a disabled target does not want it', { enabled: false, events: ['payment.*'] }, []],
    ['where is true', { where: async () => true }, [due('crm')]],
    ['where is false', { where: async () => false }, []],
    ['where is undefined', { where: async () => undefined }, []],
    ['where is a string', { where: async () => 'true' }, []],
    ['where is 1', { where: async () => 1 }, []],
    ['where is the string "failed"', { where: async () => 'failed' }, []],
    ['where fails', { where: fails }, [unevaluated('crm')]],
    [
      'where fails and the target is disabled',
      { where: fails, enabled: false },
      [held('crm', 'broken')],
    ],
    ['where is false and the target disabled', { where: async () => false, enabled: false }, []],
    ['the target has settle_seconds', { settleSeconds: 60 }, [due('crm')]],
  ])('creates the expected delivery when %s', async (_, overrides, expected) => {
    const deliveries = await route(anEvent(), [aTarget(overrides)], NOW)

    expect(deliveries).toEqual(expected)
  })

  it.each([
    ['it wants everything', {}, [held('crm', 'broken')]],
    ['it wants its type', { events: ['contact.*'] }, [held('crm', 'broken')]],
    ['it wants another type', { events: ['payment.*'] }, []],
    ['it wants another source', { sources: ['hype'] }, []],
  ])(
    'holds the deliveries of a broken target, by its events and sources: %s',
    async (_, overrides, expected) => {
      expect(await route(anEvent(), [aBrokenTarget(overrides)], NOW)).toEqual(expected)
    },
  )

  it.each([
    ['a test event is accepted', true, true, [due('crm')]],
    ['a test event is not accepted', true, false, []],
    ['another event', false, false, [due('crm')]],
  ])(
    'sends test events only to targets that accept them: %s',
    async (_, isTest, test, expected) => {
      const event = anEvent(isTest ? { test: true } : {})

      expect(await route(event, [aTarget({ test })], NOW)).toEqual(expected)
    },
  )

  it('delays only the end of a subscription by settle_seconds', async () => {
    const event = anEvent({ type: 'subscription.ended' })
    const targets = [aTarget({ name: 'doors', settleSeconds: 900 }), aTarget()]

    const deliveries = await route(event, targets, NOW)

    expect(deliveries).toEqual([due('doors', NOW + 900_000), due('crm')])
  })

  it.each([
    ['data.contact.vendor_id = "C1"', [due('crm')]],
    ['data.contact.vendor_id = "C2"', []],
    ['type in ["contact.created", "contact.updated"]', [due('crm')]],
    ['data.absent = 5', []],
    ['data.contact.vendor_id > 5', [unevaluated('crm')]],
    ['$nosuch(1)', [unevaluated('crm')]],
    ['($f := function($n) { $f($n + 1) + 1 }; $f(0))', [unevaluated('crm')]],
    ['$count([1..1000000]) > 0', [unevaluated('crm')]],
  ])('evaluates the JSONata expression %s', async (where, expected) => {
    const target = { name: 'crm', url: 'https://crm.example', where }
    const { targets, errors } = parseConfig({ TARGETS: [target] }, () => undefined)

    const deliveries = await route(anEvent(), targets, NOW)

    expect(errors).toEqual([])
    expect(deliveries).toEqual(expected)
  })

  it('creates one delivery for each target that wants the event, and none for others', async () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd')
    const target = fc.record({
      name,
      enabled: fc.boolean(),
      events: fc.subarray(['*', 'contact.*', 'payment.*', 'contact.created']),
    })
    const targets = fc.uniqueArray(target, { selector: (one) => one.name })
    await fc.assert(
      fc.asyncProperty(targets, async (some) => {
        const deliveries = await route(anEvent(), some.map(aTarget), NOW)
        const wanting = some.filter(({ events }) =>
          events.some((one) => !one.startsWith('payment')),
        )
        expect(deliveries.map(({ target }) => target)).toEqual(wanting.map((one) => one.name))
        expect(deliveries.map(({ state }) => state)).toEqual(
          wanting.map(({ enabled }) => (enabled ? 'pending' : 'held')),
        )
      }),
    )
  })
})
