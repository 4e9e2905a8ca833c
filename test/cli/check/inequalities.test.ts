// JSONata's != is false, and not true, where one side is missing. `check` says where that may be.
import { expect, it } from 'vitest'
import { checkConfig } from '../../../src/cli/check/configuration.ts'
import { compile } from '../../../src/config/expression.ts'
import { anEvent } from '../../core/builders.ts'

const TARGET = { name: 'door', url: 'https://door.example/', secret: 'DOOR_SECRET' }

/** The paths that the notes on a target name. */
const pathsOf = (overrides: object) =>
  checkConfig({ TARGETS: [{ ...TARGET, ...overrides }] }).notes.map(
    ({ path, message }) => `${path.split('.').at(-1)} ${message.split(' ')[0]}`,
  )

it('is what JSONata does', async () => {
  const event = anEvent({ type: 'subscription.ended', data: { contact: {} } })

  expect(await compile('data.reason != "plan_switch"')(event)).toBe(false)
  expect(await compile('$not(data.reason = "plan_switch")')(event)).toBe(true)
})

it('notes the path, and the remedy', () => {
  const where = 'data.reason != "plan_switch"'

  expect(checkConfig({ TARGETS_2: JSON.stringify([{ ...TARGET, where }]) }).notes).toEqual([
    {
      path: 'TARGETS_2[0].where',
      message:
        'data.reason != … is false where there is no data.reason: if it must be true there, write $not(data.reason = …)',
    },
  ])
})

it.each([
  ['data.contact.email != "a@b.example"', 'data.contact.email'],
  ['"a@b.example" != $$.data.contact.email', 'data.contact.email'],
  ['type = "payment.created" and data.payment.kind != "renewal"', 'data.payment.kind'],
  ['$lowercase(data.subscription.tier) != "gold"', 'data.subscription.tier'],
  ['data.membership.packages[name != "Gold"]', 'name'],
  ['data.membership.packages[0].name != "Gold"', 'data.membership.packages[…].name'],
  ['$map(data.membership.packages, function($p) { $p.name != "Gold" })', '$p.name'],
  ['vendor != "hype"', 'vendor'],
  ['$lookup(data, "reason") != "plan_switch"', 'data.reason'],
  ['$lookup($.data, "reason") != "plan_switch"', 'data.reason'],
  ['$lookup($, "vendor") != "hype"', 'vendor'],
  ['$lookup(data.contact, type) != "x"', '$lookup(…)'],
])('notes what an event may not have: %s', (where, path) => {
  expect(pathsOf({ where })).toEqual([`where ${path}`])
})

it.each([
  ['type != "contact.created"', ['*']],
  ['relaysource != "gym"', ['*']],
  ['vendor != "hype"', ['contact.created', 'contact.updated']],
  ['data.reason != "plan_switch"', ['subscription.ended']],
  ['data.membership.status != "active"', ['membership.*']],
  ['data.refund.amount != null', ['payment.refunded']],
  ['type != "subscription.ended" or data.reason != "plan_switch"', ['*']],
  ['$not(type = "subscription.ended") or data.reason != "plan_switch"', ['*']],
  ['data.reason != "plan_switch" and type in ["subscription.ended"]', ['*']],
  ['type = "subscription.ended" ? data.reason != "plan_switch" : true', ['*']],
  ['$exists(data.contact.email) and data.contact.email != "a@b.example"', ['*']],
  ['data.contact.email and (data.contact.email != "a@b.example")', ['*']],
  ['$count(data.membership.packages) != 1', ['*']],
  ['$not(data.reason = "plan_switch")', ['*']],
  ['$lookup($, "type") != "contact.created"', ['*']],
  ['$lookup(data, "reason") != "plan_switch"', ['subscription.ended']],
])('notes nothing where it is there: %s of %j', (where, events) => {
  expect(pathsOf({ where, events })).toEqual([])
})

it('looks into a transform too, and leaves a text that is no expression to the errors', () => {
  const transform = '{ "is_new": data.payment.kind != "renewal" }'

  expect(pathsOf({ transform, events: ['payment.created'] })).toEqual([
    'transform data.payment.kind',
  ])
  expect(pathsOf({ where: 'data.reason != ' })).toEqual([])
})
