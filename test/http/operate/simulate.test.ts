// Simulation over the API: messages are accepted like those of a vendor, and are marked as tests.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Env } from '../../../src/env.ts'
import { createApp } from '../../../src/http/app.ts'
import { aConfig, aQueue, aSpill, NOW } from '../../builders.ts'

const config = aConfig({ name: 'crm' }, { name: 'live', test: false })
let now = NOW
const app = createApp(() => config, {
  now: () => now++,
  random: () => Math.random(),
  log: () => undefined,
  fetch: () => Promise.reject(new Error('nothing is sent here')),
  waitUntil: () => undefined,
})

async function simulate(body: object) {
  const response = await app.request(
    'https://relay.example/api/simulate',
    { method: 'POST', headers: { authorization: 'Bearer operator' }, body: JSON.stringify(body) },
    {
      DB: env.DB,
      DELIVERIES: aQueue().queue,
      RETRIES: aQueue().queue,
      SPILL: aSpill().queue,
      ADMIN_TOKEN: 'operator',
    } as unknown as Env,
  )
  return { status: response.status, body: JSON.parse(await response.text()) }
}
/** The events in the log, without the relay's own records of who simulated them. */
const logged = async () => {
  const { results } = await env.DB.prepare(
    "SELECT type, event, planned FROM events WHERE source <> 'relay' ORDER BY key",
  ).all<{ type: string; event: string; planned: number }>()
  return results.map(({ type, event, planned }) => ({ type, planned, event: JSON.parse(event) }))
}

beforeEach(async () => {
  now = NOW
  await env.DB.batch(
    ['deliveries', 'events', 'contacts', 'segments'].map((table) =>
      env.DB.prepare(`DELETE FROM ${table}`),
    ),
  )
})

describe('one message', () => {
  it('is sent with the overrides, as a test, to the targets that accept tests', async () => {
    const { status, body } = await simulate({
      source: 'hype',
      type: 'payment.created',
      overrides: { email: 'ana@example.com', 'data.total': 4250 },
    })

    expect(status).toBe(200)
    expect(body).toMatchObject({
      total: 1,
      next: null,
      steps: [{ step: 0, name: 'sample', vendortype: 'payment.created', status: 202 }],
    })
    const [event, ...others] = await logged()
    expect(others).toEqual([])
    expect(event).toMatchObject({
      type: 'payment.created',
      planned: 1,
      event: { test: true, data: { contact: { email: 'ana@example.com' } } },
    })
    expect(event?.event.data.subscription.total_paid_amount.value).toBe('4250')
  })
})

describe('a journey', () => {
  it('is sent page by page, and is the same when it is requested again', async () => {
    const journey = { members: 2, duplicates: 0.3, lateness: 0.2 }
    const first = await simulate({ source: 'hapana', journey, limit: 7 })
    const { seed, start, total, next } = first.body
    const steps = [...first.body.steps]
    for (let offset = next; offset !== null; ) {
      const page = await simulate({
        source: 'hapana',
        journey: { ...journey, start },
        seed,
        offset,
        limit: 7,
      })
      steps.push(...page.body.steps)
      offset = page.body.next
    }

    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: total }, (_, i) => i))
    expect(total).toBeGreaterThan(20)
    const again = await simulate({
      source: 'hapana',
      journey: { ...journey, start },
      seed,
      limit: 7,
    })
    const withoutAnswers = (all: { answer: unknown }[]) =>
      all.map(({ answer: _answer, ...step }) => step)
    expect(withoutAnswers(again.body.steps)).toEqual(withoutAnswers(first.body.steps))
    expect((await logged()).every(({ event }) => event.test)).toBe(true)
  })

  it('marks junk, which is quarantined or a duplicate', async () => {
    const { body } = await simulate({ source: 'hype', journey: { junk: 1 }, limit: 50 })
    type Step = { troubles: string[]; status: number; answer: { status: string } }
    const junk = (body.steps as Step[]).filter(({ troubles }) => troubles.includes('junk'))

    expect(junk.length).toBeGreaterThan(3)
    for (const { status, answer } of junk) {
      expect(status).toBe(202)
      expect(answer.status).toMatch(/quarantined|duplicate/)
    }
  })
})

it.each([
  [{}, 'source is missing.'],
  [{ source: 'hype' }, 'The body must have either type or journey.'],
  [{ source: 'hype', type: 'x', journey: {} }, 'The body must have either type or journey.'],
  [
    { source: 'hype', journey: {}, overrides: {} },
    'The body must not have overrides for a journey.',
  ],
  [{ source: 'hype', journey: { members: 101 } }, 'journey.members must be at most 100.'],
  [{ source: 'hype', journey: { junk: 2 } }, /^journey\.junk must be/],
  [{ source: 'hype', journey: { speed: 2 } }, 'journey.speed is not a known field.'],
  [
    { source: 'hype', type: 'payment.created', overrides: { '': 1 } },
    'The path "" of overrides has an empty key.',
  ],
  [{ source: 'nobody', journey: {} }, /^There is no source "nobody", or it is disabled\./],
  [
    { source: 'hype', type: 'refund' },
    /^"refund" is not an event type of hype\. Its types: contact\.created/,
  ],
])('refuses %j with the reason', async (body, title) => {
  const answer = await simulate(body)

  expect(answer.status).toBe(400)
  if (typeof title === 'string') expect(answer.body.title).toBe(title)
  else expect(answer.body.title).toMatch(title)
})
