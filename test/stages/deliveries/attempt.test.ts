// One attempt: its status settles it, and no more than a second is spent on the words of the response.
import { env } from 'cloudflare:workers'
import { beforeAll, expect, it } from 'vitest'
import { type ConfiguredTarget, targetOf } from '../../../src/config.ts'
import type { DueDelivery } from '../../../src/core/deliveries/delivery.ts'
import { attemptDelivery } from '../../../src/stages/deliveries/attempt.ts'
import { loadDueDeliveries } from '../../../src/store/deliveries/deliveries.ts'
import { aConfig, aMessageFor, aPayment, NOW, stored, toolsAt } from '../../builders.ts'

const config = aConfig({ name: 'crm', timeout_seconds: 30 })
const crm = targetOf(config, 'crm') as ConfiguredTarget
let delivery: DueDelivery

beforeAll(async () => {
  const message = await aMessageFor(await stored(config, 'hype', aPayment()), 'crm')
  const needs = { raw: false, order: false, lease: undefined }
  const { deliveries } = await loadDueDeliveries(env.DB, [{ ...message, ...needs }], NOW)
  delivery = deliveries[0] as DueDelivery
})

const text = (words: string) => new TextEncoder().encode(words)

it.each([
  [200, undefined],
  [500, 'status'],
])('with status %d and a body that never ends is settled by the status', async (status, error) => {
  let isCancelled = false
  const dripping = new ReadableStream({
    start: (controller) => controller.enqueue(text('first words')),
    pull: () => new Promise(() => undefined),
    cancel: () => {
      isCancelled = true
      return new Promise(() => undefined)
    },
  })
  const fetch = async () => new Response(dripping, { status })

  const { attempt } = await attemptDelivery(crm, delivery, toolsAt(NOW, { fetch }))

  expect(attempt).toMatchObject({ status, response: 'first words' })
  expect(attempt.error).toBe(error)
  expect(isCancelled).toBe(true)
})

it('takes as long as its status does: the words that follow are not counted', async () => {
  let now = NOW
  const pull = (controller: ReadableStreamDefaultController) => {
    now += 700
    controller.enqueue(text('a while later'))
    controller.close()
  }
  const slow = new ReadableStream({ pull }, { highWaterMark: 0 })
  const fetch = async () => {
    now += 40
    return new Response(slow)
  }

  const { attempt } = await attemptDelivery(crm, delivery, toolsAt(NOW, { now: () => now, fetch }))

  expect(attempt).toMatchObject({ ms: 40, response: 'a while later' })
})

it('tells of a success before its body is read', async () => {
  const succeeded = Promise.withResolvers<void>()
  const body = new ReadableStream({
    start: async (controller) => {
      await succeeded.promise
      controller.enqueue(text('read afterwards'))
      controller.close()
    },
  })
  const tools = toolsAt(NOW, { fetch: async () => new Response(body) })

  const { attempt } = await attemptDelivery(crm, delivery, tools, succeeded.resolve)

  expect(attempt.response).toBe('read afterwards')
})
