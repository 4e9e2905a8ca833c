// What somebody does in the console is in the log with who did it: every form, held against the table of routes.
import { env } from 'cloudflare:test'
import { beforeEach, expect, it } from 'vitest'
import { OPERATOR_ACTS } from '../../../src/core/events/system-event.ts'
import { keyOfId } from '../../../src/core/id.ts'
import { aConfig, aPayment, NOW, stored } from '../../builders.ts'
import { actsOf, anOperator, emptyLog } from './visitor.ts'

const config = aConfig({ name: 'crm' })

beforeEach(emptyLog)

/** Forms that change nothing, and those of the door, which leave records of their own (access.test.ts). */
const OTHERS = [
  '/console/sign-in',
  '/console/sign-out',
  '/console/find',
  '/console/replays/plan',
  '/console/quarantine/plan',
]

it('names every act with who did it', async () => {
  const operator = await anOperator({ config })
  const used = new Set<string>()
  /** Sends the form of a route, and gives the page to which that leads. */
  const act = (route: string, fields: Record<string, string> = {}, id = 'crm') => {
    used.add(route)
    return operator.send(route.replace(/:(name|id)/, id), fields)
  }
  const set = (table: string, values: string) =>
    env.DB.prepare(`UPDATE ${table} SET ${values}`).run()
  const event = await stored(config, 'hype', aPayment({ id: 'c-1' }), { now: NOW - 9000 })
  for (let i = 0; i < 12; i++) await stored(config, 'hype', aPayment(), { now: NOW - 8000 + i })
  await set('deliveries', "state = 'delivered', attempt = 2, due = NULL")
  await act('/console/events/:id/replay', {}, event)
  await env.DB.prepare(
    "UPDATE events SET event = json_set(event, '$.data.actor', 'x') WHERE key = CAST(?1 AS INTEGER)",
  )
    .bind(keyOfId(event))
    .run()
  await act('/console/events/:id/renormalize', {}, event)

  await act('/console/targets/:name/pause')
  await act('/console/targets/:name/resume')
  await act('/console/targets/:name/test')

  const { url } = await act('/console/replays', { target: 'crm', per_second: '0.1' })
  const replay = url.split('/').at(-1) ?? ''
  await act('/console/replays/:id/stop', {}, replay)
  await act('/console/replays/:id/resume', {}, replay)

  const found = await operator.send('/console/find', { who: 'c-1', from: '/console/people' })
  const person = found.url.split('/').at(-1) ?? ''
  await stored(config, 'hype', aPayment({ id: 'c-2', email: 'other@example.com' }))
  const other = await operator.send('/console/find', { who: 'c-2', from: '/console/people' })
  await act('/console/people/:id/merge', { person: other.url.split('/').at(-1) ?? '' }, person)
  await act('/console/people/:id/split', { source: 'hype', contact: 'c-2' }, person)

  const issues = JSON.stringify([{ path: 'type', message: 'was not known' }])
  await env.DB.prepare(
    "UPDATE events SET status = 'quarantined', issues = ?1, event = NULL WHERE key = CAST(?2 AS INTEGER)",
  )
    .bind(issues, keyOfId(event))
    .run()
  const cause = { source: 'hype', cause: 'type: was not known' }
  await act('/console/quarantine/release', cause)
  await stored(config, 'hype', { type: 'refund.created' })
  const { html } = await operator.open('/console/quarantine')
  const named = Object.fromEntries(
    [...html.matchAll(/name="(source|cause|vendortype)" value="([^"]*)"/g)].map(([, k, value]) => [
      k,
      value,
    ]),
  )
  await act('/console/quarantine/dismiss', { ...named, reason: 'theirs' } as Record<string, string>)
  await act('/console/simulate', { source: 'hype', type: 'payment.created' })

  const acts = await actsOf()
  expect(acts.map((one) => one.act).toSorted()).toEqual([...OPERATOR_ACTS].toSorted())
  expect(new Set(acts.map(({ by }) => by))).toEqual(new Set(['ADMIN_TOKEN']))
  expect(acts.filter(({ on }) => on === '' || on.includes('@'))).toEqual([])
  expect([...used, ...OTHERS].toSorted()).toEqual(operator.forms.toSorted())
})
