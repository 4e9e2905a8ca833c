import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../../src/config.ts'
import { matchesType, route } from '../../../src/core/deliveries/routing.ts'
import type { Target } from '../../../src/core/deliveries/target.ts'
import { aBrokenTarget, anEvent, aTarget } from '../builders.ts'

const NOW = Date.parse('2026-11-21T00:00:00Z')
const due = (target: string, at = NOW) => ({ target, state: 'pending', due: at })
const unsure = (target: string) => ({ ...due(target), reason: 'where' })
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
  it('plans a delivery at once for each target that wants the event, in their order', async () => {
    const targets = [
      aTarget({ name: 'crm' }),
      aTarget({ name: 'finance', events: ['payment.*'] }),
      aTarget({ name: 'chat', events: ['payment.*', 'contact.created'] }),
    ]

    const planned = await route(anEvent(), targets, NOW)

    expect(planned).toEqual([due('crm'), due('chat')])
  })

  it.each<[string, Partial<Target>, object[]]>([
    ['its source is named', { sources: ['hype', 'hapana'] }, [due('crm')]],
    ['its source is not named', { sources: ['hype'] }, []],
    ['no source is named', { sources: [] }, []],
    ['the target is disabled', { enabled: false }, [held('crm', 'disabled')]],
    ['a disabled target does not want it', { enabled: false, events: ['payment.*'] }, []],
    ['where is true', { where: async () => true }, [due('crm')]],
    ['where is false', { where: async () => false }, []],
    ['where is nothing', { where: async () => undefined }, []],
    ['where is a text', { where: async () => 'true' }, []],
    ['where is 1', { where: async () => 1 }, []],
    ['where is the text "failed"', { where: async () => 'failed' }, []],
    ['where fails', { where: fails }, [unsure('crm')]],
    [
      'where fails and the target is disabled',
      { where: fails, enabled: false },
      [held('crm', 'broken')],
    ],
    ['where is false and the target disabled', { where: async () => false, enabled: false }, []],
    ['the target has time to settle', { settleSeconds: 60 }, [due('crm')]],
  ])('plans what is due when %s', async (_, overrides, expected) => {
    const planned = await route(anEvent(), [aTarget(overrides)], NOW)

    expect(planned).toEqual(expected)
  })

  it.each([
    ['it wants everything', {}, [held('crm', 'broken')]],
    ['it wants its type', { events: ['contact.*'] }, [held('crm', 'broken')]],
    ['it wants another type', { events: ['payment.*'] }, []],
    ['it wants another source', { sources: ['hype'] }, []],
  ])('holds for a broken target when %s', async (_, overrides, expected) => {
    expect(await route(anEvent(), [aBrokenTarget(overrides)], NOW)).toEqual(expected)
  })

  it.each([
    ['a target that takes them', true, true, [due('crm')]],
    ['a target that does not', true, false, []],
    ['neither, when it is none', false, false, [due('crm')]],
  ])('keeps test events to %s', async (_, isTest, test, expected) => {
    const event = anEvent(isTest ? { test: true } : {})

    expect(await route(event, [aTarget({ test })], NOW)).toEqual(expected)
  })

  it('lets only the end of a subscription wait until it has settled', async () => {
    const event = anEvent({ type: 'subscription.ended' })
    const targets = [aTarget({ name: 'doors', settleSeconds: 900 }), aTarget()]

    const planned = await route(event, targets, NOW)

    expect(planned).toEqual([due('doors', NOW + 900_000), due('crm')])
  })

  it.each([
    ['data.contact.vendor_id = "C1"', [due('crm')]],
    ['data.contact.vendor_id = "C2"', []],
    ['type in ["contact.created", "contact.updated"]', [due('crm')]],
    ['data.absent = 5', []],
    ['data.contact.vendor_id > 5', [unsure('crm')]],
    ['$nosuch(1)', [unsure('crm')]],
    ['($f := function($n) { $f($n + 1) + 1 }; $f(0))', [unsure('crm')]],
    ['$count([1..1000000]) > 0', [unsure('crm')]],
  ])('judges by the JSONata expression %s', async (where, expected) => {
    const target = { name: 'crm', url: 'https://crm.example', where }
    const { targets, errors } = parseConfig({ TARGETS: [target] }, () => undefined)

    const planned = await route(anEvent(), targets, NOW)

    expect(errors).toEqual([])
    expect(planned).toEqual(expected)
  })

  it('plans at most one delivery for each target, and nothing for others', async () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd')
    const target = fc.record({
      name,
      enabled: fc.boolean(),
      events: fc.subarray(['*', 'contact.*', 'payment.*', 'contact.created']),
    })
    const targets = fc.uniqueArray(target, { selector: (one) => one.name })
    await fc.assert(
      fc.asyncProperty(targets, async (some) => {
        const planned = await route(anEvent(), some.map(aTarget), NOW)
        const wanting = some.filter(({ events }) =>
          events.some((one) => !one.startsWith('payment')),
        )
        expect(planned.map(({ target }) => target)).toEqual(wanting.map((one) => one.name))
        expect(planned.map(({ state }) => state)).toEqual(
          wanting.map(({ enabled }) => (enabled ? 'pending' : 'held')),
        )
      }),
    )
  })
})
