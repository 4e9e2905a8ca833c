// Lists show enough of people to distinguish them, and no data to contact them.
import { beforeEach, expect, it } from 'vitest'
import { takeSnapshot } from '../../../src/stages/ledger/snapshot.ts'
import { aConfig, aPayment, aStatusChange, NOW, stored, toolsAt } from '../../builders.ts'
import { anOperator, emptyLog } from './visitor.ts'

const config = aConfig({ name: 'crm' })
const PERSONAL = {
  email: 'zoe.unheard@members.example',
  name: 'Zoe Unheard',
  firstName: 'Zoe',
  lastName: 'Unheard',
  phone: '+61 400 555 123',
}

beforeEach(emptyLog)

it('masks personal data in every list and title, until they are requested', async () => {
  const { firstName, lastName, phone, email, name } = PERSONAL
  const one = { ...aStatusChange({ clientID: 'c-1' }), firstName, lastName, phone, email }
  const event = await stored(config, 'hapana', one, { now: NOW - 3000 })
  await stored(config, 'hype', aPayment({ id: 'c-2', email, name }), { now: NOW - 2000 })
  await stored(config, 'hype', { type: 'refund.created', email, name }, { now: NOW - 1000 })
  const operator = await anOperator({ config })
  await takeSnapshot(operator.bindings, config, toolsAt(NOW))
  const found = await operator.send('/console/find', { who: email, from: '/console/people' })
  const person = found.url.split('/').at(-1)
  const quarantine = await operator.open('/console/quarantine')
  const cause = /name="cause" value="([^"]*)"/.exec(quarantine.html)?.[1] ?? ''
  const fields = { source: 'hype', cause, vendortype: 'refund.created' }
  const pages = await Promise.all([
    ...[
      '/console',
      '/console/events',
      `/console/events?person=${person}`,
      '/console/deliveries',
      '/console/targets',
      '/console/replays',
      `/console/replays?person=${person}`,
      `/console/people?found=${person}`,
      `/console/people/${person}`,
      '/console/simulate',
      '/console/set-up',
    ].map(operator.open),
    operator.send('/console/quarantine/plan', fields),
    operator.send('/console/replays/plan', { target: 'crm', person: 'c-2' }),
  ])

  for (const { url, html } of [found, quarantine, ...pages]) {
    expect({ url, leaked: html.match(/unheard|zoe|400 ?555/gi) ?? [] }).toEqual({ url, leaked: [] })
  }
  expect((await operator.open(`/console/people/${person}?personal=show`)).text).toContain(email)
  const details = await operator.open(`/console/events/${event}`)
  expect(details.text).toContain(email)
  expect(/<title>(.*)<\/title>/.exec(details.html)?.[1]).toBe(`${event} · Membership Relay`)
})
