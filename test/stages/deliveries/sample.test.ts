// `npm run check -- --sample` shows the body and the headers that an attempt sends.
import { expect, it } from 'vitest'
import { headerNames } from '../../../src/cli/check/sample-report.ts'
import { samplesOf } from '../../../src/cli/check/samples.ts'
import { type ConfiguredSource, type ConfiguredTarget, parseConfig } from '../../../src/config.ts'
import type { DueDelivery } from '../../../src/core/deliveries/delivery.ts'
import { renderFor } from '../../../src/formats/index.ts'
import { attemptDelivery } from '../../../src/stages/deliveries/attempt.ts'
import { toolsAt } from '../../builders.ts'

const SECRET = `whsec_${'A'.repeat(43)}=`
const NOW = Date.parse('2026-11-21T00:00:00Z')

it.each([
  {},
  { format: 'slack', secret: 'S', headers: { 'X-Key': 'v' } },
  { format: 'raw', content_type: 'text/plain' },
  { format: 'cloudevents-binary' },
  { content_type: 'application/cloudevents+json' },
  { transform: '{"who": data.contact}', include: ['birth_date'] },
])('an attempt sends the sample that is shown, to a target with %j', async (keys) => {
  const table = { name: 'crm', url: 'https://crm.example', ...keys }
  const SOURCES = [{ name: 'hapana', vendor: 'hapana', secret: 'S' }]
  const config = parseConfig({ SOURCES, TARGETS: [table] }, () => SECRET)
  const target = config.targets[0] as ConfiguredTarget
  const [sample] = samplesOf(config.sources.get('hapana') as ConfiguredSource, NOW)
  if (sample === undefined) throw new Error('there is no sample')
  const { event, raw } = sample
  const due = { event: event.id, content: event, raw, attempt: 1, hops: 0 }
  const sent: Request[] = []
  const fetch = async (url: string, init: RequestInit) => {
    sent.push(new Request(url, init))
    return new Response()
  }

  const precedence = { mustWait: false, skipped: [] }
  const delivery = { ...due, precedence } as unknown as DueDelivery
  await attemptDelivery(target, delivery, toolsAt(NOW, { fetch }))

  const [request] = sent
  const shown = await renderFor(target, event, raw, undefined)
  expect(await request?.text()).toBe(shown.body)
  expect([...(request?.headers.keys() ?? [])].sort()).toEqual(
    headerNames(target, event, NOW, shown.headers).sort(),
  )
})
