// A vendor's text that changes the direction of writing changes nothing around it.
import { beforeEach, expect, it } from 'vitest'
import { aConfig, aPayment, aStatusChange, NOW, stored } from '../../builders.ts'
import { anOperator, emptyLog } from './visitor.ts'

const config = aConfig({ name: 'crm' })
const TURN = '\u202e'

beforeEach(emptyLog)

/** What a page shows outside of the elements that isolate a text. */
const outside = (html: string) =>
  html.replaceAll(/<bdi>.*?<\/bdi>/gs, '').replaceAll(/<[^>]*>/g, '')

it('isolates it in every list, and shows the control in a payload', async () => {
  const email = `ana${TURN}@example.com`
  const one = { clientID: `c${TURN}1`, siteID: `s${TURN}1`, email, firstName: `Ana${TURN}` }
  const event = await stored(config, 'hapana', aStatusChange(one), { now: NOW - 3000 })
  const payment = { id: `c${TURN}2`, publisher_id: `p${TURN}`, email }
  await stored(config, 'hype', aPayment({ ...payment, [`k${TURN}`]: 1 }), { now: NOW - 2000 })
  await stored(config, 'hype', { type: `refund${TURN}`, email }, { now: NOW - 1000 })
  const operator = await anOperator({ config })
  const found = await operator.send('/console/find', { who: `c${TURN}1`, from: '/console/people' })
  const person = found.url.split('/').at(-1)
  const details = await operator.open(`/console/events/${event}`)
  const pages = await Promise.all(
    [
      '/console',
      '/console/events',
      '/console/quarantine',
      `/console/people?found=${person}`,
      `/console/people/${person}?personal=show`,
    ].map(operator.open),
  )

  for (const { url, html } of [details, ...pages]) {
    expect({ url, turned: outside(html).match(/.{0,20}\u202e.{0,20}/g) ?? [] }).toEqual({
      url,
      turned: [],
    })
  }
  expect(details.html).toContain('Ana\\u202e')
  expect(pages.at(-1)?.html).toContain(`<bdi>${email}</bdi>`)
  expect(pages.at(-1)?.html).toContain(`<bdi>s${TURN}1</bdi>`)
  expect(pages[2]?.html).toContain(`<bdi>&quot;refund${TURN}&quot;</bdi>`)
})
