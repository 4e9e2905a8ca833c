// The simulator sends real requests to the app: the events of a journey, step by step; tests stay tests whatever is done with
// them later; and tests and real events never affect each other.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { type ConfiguredSource, parseConfig } from '../../../src/config.ts'
import type { MembershipEvent } from '../../../src/core/events/event.ts'
import { createApp } from '../../../src/http/app.ts'
import { journeyOf } from '../../../src/simulator/journey.ts'
import { sampleOf, singleStepPlan } from '../../../src/simulator/sample.ts'
import type { Step } from '../../../src/simulator/step.ts'
import { settledEvent } from '../../../src/stages/events/meaning.ts'
import { spill } from '../../../src/stages/intake/spill.ts'
import { updateDriftReports } from '../../../src/stages/ledger/drift.ts'
import { release } from '../../../src/stages/operate/quarantine.ts'
import { renormalize } from '../../../src/stages/operate/renormalize.ts'
import { MAX_STEPS, simulate, simulatedSource } from '../../../src/stages/operate/simulate.ts'
import { listDriftReports } from '../../../src/store/ledger/drift.ts'
import { aQueue, aSpill, NOW, SIGNING_SECRET, toolsAt } from '../../builders.ts'

const SECRETS: Record<string, string> = {
  KEY: 'correct-horse',
  SIGNING: 'hapana-signing-secret',
  TARGET: SIGNING_SECRET,
}
const url = 'https://target.example/'
const config = parseConfig(
  {
    SOURCES: [
      { name: 'gym', vendor: 'hapana', secret: 'KEY', header: 'x-relay-key' },
      { name: 'signed', vendor: 'hapana', secret: 'KEY', signing_secret: 'SIGNING' },
      { name: 'community', vendor: 'hype', secret: 'KEY' },
      { name: 'broken', vendor: 'hype', secret: 'NOT_SET' },
      { name: 'off', vendor: 'hype', secret: 'KEY', enabled: false },
    ],
    TARGETS: [
      { name: 'crm', url, secret: 'TARGET', settle_seconds: 900 },
      { name: 'live', url, secret: 'TARGET', test: false },
    ],
  },
  (name) => SECRETS[name],
)

let now = NOW
let isD1Unavailable = false
let spilled = aSpill()
const app = createApp(() => config, {
  now: () => {
    now += 1000
    return now
  },
  random: () => Math.random(),
  log: () => undefined,
  fetch: () => Promise.reject(new Error('nothing is sent here')),
  waitUntil: () => undefined,
})

beforeEach(async () => {
  isD1Unavailable = false
  spilled = aSpill()
  const tables = ['targets', 'deliveries', 'events', 'segments', 'ledger', 'contacts', 'drift']
  await env.DB.batch([
    ...tables.map((table) => env.DB.prepare(`DELETE FROM ${table}`)),
    env.DB.prepare('UPDATE drift_read SET event = 0'),
  ])
})

const sendToApp = async (request: Request) => {
  const DB = isD1Unavailable
    ? ({
        batch: async () => Promise.reject(new Error('D1 is unavailable')),
      } as unknown as D1Database)
    : env.DB
  const bindings = { ...env, DB, DELIVERIES: aQueue().queue, SPILL: spilled.queue }
  return app.request(request, undefined, bindings)
}
const relay = { origin: 'https://relay.example', send: sendToApp }
const tools = { ...toolsAt(NOW), now: () => now }

function sourceOf(name: string): ConfiguredSource {
  const source = simulatedSource(config, name)
  if (!source.ok) throw new Error(source.error)
  return source.value
}
const send = (name: string, plan: Step[], page = { offset: 0, limit: MAX_STEPS }) =>
  simulate(sourceOf(name), plan, page, relay, tools)

/** The plan of one sample, always about the same member. */
function sample(vendor: 'hapana' | 'hype', type: string, overrides = {}): Step[] {
  const made = sampleOf(vendor, type, overrides, { now, seed: 'one' })
  if (!made.ok) throw new Error(made.error)
  return singleStepPlan(made.value, now)
}

/** The same message from the vendor itself, which is not a test. */
async function real(name: string, [step]: Step[]) {
  const { eventName = '', text = '' } = step?.message ?? {}
  const response = await sendToApp(
    new Request(`https://relay.example/in/${name}?key=correct-horse&event=${eventName}`, {
      method: 'POST',
      headers: { 'x-relay-key': 'correct-horse' },
      body: text,
    }),
  )
  return response.json<{ id: string; status: string; type: string; deliveries: number }>()
}

/** An event of any type, with any data. */
type AnyEvent = Omit<MembershipEvent, 'data'> & { data: ReturnType<typeof JSON.parse> }

/** The events of the log, in its order. */
async function loggedEvents(): Promise<AnyEvent[]> {
  const { results } = await env.DB.prepare(
    'SELECT event FROM events WHERE event IS NOT NULL ORDER BY key',
  ).all<{ event: string }>()
  return results.map(({ event }) => JSON.parse(event))
}

describe('a clean journey', () => {
  const journey = (vendor: 'hapana' | 'hype', members = 1) =>
    journeyOf({ vendor, members, seed: 'one', start: NOW - 90 * 86_400_000 })

  it('of Hapana’s becomes these events', async () => {
    const { steps } = await send('gym', journey('hapana'))

    expect(steps.map(({ status }) => status)).toEqual(Array(14).fill(202))
    expect(steps.map(({ answer }) => answer?.warnings)).toEqual(Array(14).fill([]))
    const events = await loggedEvents()
    expect(events.map(summaryOf)).toEqual([
      'contact.created',
      'purchase.completed Two Weeks Intro 29.00',
      'membership.status_changed undefined → intro_offer',
      'checkin.recorded first',
      'purchase.completed Unlimited 99.00',
      'membership.status_changed intro_offer → active',
      // Hapana has no event for a failed payment: these messages follow from one.
      'message.sent Your payment did not go through',
      'membership.status_changed active → suspended',
      'checkin.rejected No valid membership',
      'membership.status_changed suspended → active',
      'checkin.recorded again',
      // Nor for a plan switch: the status stays, the packages change.
      'purchase.completed Off-Peak 59.00',
      'membership.status_changed active → active',
      'membership.status_changed active → inactive',
    ])
    expect(events[12]?.data.membership.packages).toMatchObject([{ name: 'Off-Peak' }])
    for (const event of events) {
      expect(event).toMatchObject({ test: true, typebasis: 'url' })
      expect(event).not.toHaveProperty('late')
      expect(event).not.toHaveProperty('possibleduplicate')
    }
  })

  it('of Hype’s becomes these events', async () => {
    const { steps } = await send('community', journey('hype'))

    expect(steps.map(({ status }) => status)).toEqual(Array(8).fill(202))
    const events = await loggedEvents()
    expect(events.map(summaryOf)).toEqual([
      'contact.created',
      'payment.created first_purchase likely',
      'payment.failed likely',
      'contact.updated',
      'payment.created renewal likely',
      // The other half of the switch had not arrived yet; its reason changes before it is sent.
      'subscription.ended unknown',
      'payment.created plan_switch likely',
      'subscription.plan_changed Supporter → Patron',
      // Hype never sends a reason, nor who ended it.
      'subscription.ended unknown',
    ])
    expect(events.map(({ test, late }) => [test, late])).toEqual(Array(9).fill([true, undefined]))
    expect(events[3]?.data.actor).toBe('system')
    const [ended] = events.filter(({ type }) => type === 'subscription.ended')
    const contact = ended?.subject?.replace('contact/', 'test:') ?? ''
    const settled = await settledEvent(env, ended as MembershipEvent, contact, () => undefined)
    expect(settled).toMatchObject({ test: true, data: { reason: 'plan_switch' } })
  })

  it('of several members keeps their histories apart', async () => {
    const plan = journey('hapana', 3)
    await send('gym', plan)

    const events = await loggedEvents()
    const firsts = events.filter(({ data }) => data.checkin?.first)
    expect(events.length).toBe(42)
    expect(new Set(firsts.map(({ subject }) => subject)).size).toBe(3)
    expect(firsts).toHaveLength(3)
  })

  it('is authenticated where a signature is required too', async () => {
    const { steps } = await send('signed', journey('hapana'))

    expect(steps.map(({ status }) => status)).toEqual(Array(14).fill(202))
  })
})

/** An event in a line: its type, and what is important in it. */
function summaryOf({ type, data }: AnyEvent): string {
  const { checkin, membership, purchase, message, subscription } = data
  const what: Record<string, string> = {
    'purchase.completed': `${purchase?.package.name} ${purchase?.amount.value}`,
    'membership.status_changed': `${membership?.previous_status} → ${membership?.status}`,
    'checkin.recorded': checkin?.first ? 'first' : 'again',
    'checkin.rejected': checkin?.message,
    'message.sent': message?.subject,
    'payment.created': `${data.payment?.kind} ${data.inference?.confidence}`,
    'payment.failed': data.inference?.confidence,
    'subscription.ended': data.reason,
    'subscription.plan_changed': `${data.previous_subscription?.tier} → ${subscription?.tier}`,
  }
  return [type, what[type]].filter((text) => text !== undefined).join(' ')
}

describe('a plan', () => {
  const plan = journeyOf({ vendor: 'hapana', members: 5, seed: 'one', start: NOW })

  it('is sent a page at a time, and reported step by step', async () => {
    const first = await send('gym', plan, { offset: 0, limit: 2 })
    const second = await send('gym', plan, { offset: 2, limit: 2 })

    expect(first).toMatchObject({ total: 70, next: 2 })
    expect(first.steps[0]).toEqual({
      step: 0,
      member: 1,
      name: 'join',
      vendortype: 'accountCreated',
      troubles: [],
      status: 202,
      answer: {
        id: expect.stringMatching(/^evt_/),
        status: 'accepted',
        type: 'contact.created',
        deliveries: 1,
        warnings: [],
      },
    })
    expect(second.steps.map(({ step }) => step)).toEqual([2, 3])
    const last = await send('gym', plan, { offset: 69, limit: 2 })
    expect(last.steps).toHaveLength(1)
    expect(last.next).toBeUndefined()
    expect(await send('gym', plan, { offset: 70, limit: 2 })).toMatchObject({ steps: [] })
  })

  it('is sent 50 steps at once at most', async () => {
    const { steps, next } = await send('gym', plan, { offset: 0, limit: 1000 })

    expect(steps).toHaveLength(50)
    expect(next).toBe(50)
  })

  it('is sent only to a source that accepts requests', () => {
    expect(simulatedSource(config, 'gym')).toMatchObject({ ok: true, value: { name: 'gym' } })
    const absent = (name: string) => ({
      ok: false,
      error: `There is no source "${name}", or it is disabled. There are: gym, signed, community.`,
    })
    expect(simulatedSource(config, 'off')).toEqual(absent('off'))
    expect(simulatedSource(config, 'unknown')).toEqual(absent('unknown'))
    expect(simulatedSource(config, 'broken')).toEqual({
      ok: false,
      error: expect.stringMatching(/^The source "broken" is broken: .*NOT_SET/),
    })
  })
})

describe('trouble', () => {
  const journey = (vendor: 'hapana' | 'hype', switches: object) =>
    journeyOf({ vendor, members: 3, seed: 'one', start: NOW - 90 * 86_400_000, ...switches })
  const outcomes = async (name: string, plan: Step[]) => {
    const first = await send(name, plan)
    const rest = await send(name, plan, { offset: MAX_STEPS, limit: MAX_STEPS })
    return [...first.steps, ...rest.steps]
  }

  it.each([
    ['signed', 'hapana'],
    ['community', 'hype'],
  ] as const)('duplicates at %s are recognised as such', async (name, vendor) => {
    const steps = await outcomes(name, journey(vendor, { duplicates: 1 }))

    const copies = steps.filter(({ troubles }) => troubles.includes('duplicate'))
    expect(copies).toHaveLength(steps.length / 2)
    expect(new Set(copies.map(({ answer }) => answer?.status))).toEqual(new Set(['duplicate']))
    const firsts = steps.filter(({ troubles }) => troubles.length === 0)
    expect(new Set(firsts.map(({ answer }) => answer?.status))).toEqual(new Set(['accepted']))
  })

  it('duplicates of purchases at gym, where nothing identifies a message, are marked', async () => {
    const steps = await outcomes('gym', journey('hapana', { duplicates: 1 }))

    const copies = steps.filter(({ troubles }) => troubles.includes('duplicate'))
    const accepted = copies.filter(({ answer }) => answer?.status === 'accepted')
    expect(new Set(accepted.map(({ vendortype }) => vendortype))).toEqual(
      new Set(['packagePurchased']),
    )
    const marked = await env.DB.prepare(
      "SELECT count(*) AS n FROM events WHERE vendor_type = 'packagePurchased' AND rung = 'twin'",
    ).first<{ n: number }>()
    expect(marked?.n).toBe(accepted.length)
  })

  it.each([
    ['gym', 'hapana'],
    ['community', 'hype'],
  ] as const)('junk at %s is quarantined', async (name, vendor) => {
    const steps = await outcomes(name, journey(vendor, { junk: 1 }))

    const junk = steps.filter(({ troubles }) => troubles.includes('junk'))
    expect(junk).toHaveLength(steps.length / 2)
    const ends = junk.map(({ status, answer }) => `${status} ${answer?.status} ${answer?.type}`)
    expect(new Set(ends)).toEqual(new Set(['202 quarantined vendor.unrecognized']))
  })

  it.each([
    ['gym', 'hapana'],
    ['community', 'hype'],
  ] as const)('drift at %s is accepted, with the new keys in extra', async (name, vendor) => {
    const steps = await outcomes(name, journey(vendor, { drift: 1 }))

    expect(new Set(steps.map(({ answer }) => answer?.status))).toEqual(new Set(['accepted']))
    const events = (await loggedEvents()).filter(({ typebasis }) => typebasis !== 'history')
    expect(events).toHaveLength(steps.length)
    for (const { data } of events) expect(JSON.stringify(data.extra)).toContain('2026-11')
  })

  it('in the order of Hype’s events is detected by their timestamps', async () => {
    await outcomes('community', journey('hype', { lateness: 0.5, reordering: 0.5 }))

    const events = await loggedEvents()
    expect(events.filter(({ late }) => late).length).toBeGreaterThan(2)
  })
})

describe('a test', () => {
  const active = { status: 'activePackage' }
  const gone = { status: 'inactive', activePackages: [] }
  const status = (overrides: object) => sample('hapana', 'clientStatusChange', overrides)
  const eventOf = async (id: unknown) => (await loggedEvents()).find((event) => event.id === id)
  const simulated = async (name: string, plan: Step[]) => {
    const { steps } = await send(name, plan)
    return (await eventOf(steps[0]?.answer?.id)) as AnyEvent
  }

  it('that is sent after real events of the same ids has a history of its own', async () => {
    await real('gym', sample('hapana', 'accountCreated'))
    await real('gym', sample('hapana', 'checkIn'))
    await real('gym', status(gone))

    now += 60_000
    const account = await simulated('gym', sample('hapana', 'accountCreated'))
    const visit = await simulated('gym', sample('hapana', 'checkIn'))
    const first = await simulated('gym', status(active))
    const second = await simulated('gym', status(gone))

    expect(account.type).toBe('contact.created')
    expect(visit.data.checkin.first).toBe(true)
    expect(first.data.membership).not.toHaveProperty('previous_status')
    expect(second.data.membership.previous_status).toBe('active')
    for (const event of [account, visit, first, second]) {
      expect(event.test).toBe(true)
      expect(event.subject).toMatch(/^contact\/[^:]+$/)
      expect(event).not.toHaveProperty('personid')
    }
  })

  it('that is sent before real events does not affect them', async () => {
    await send('gym', sample('hapana', 'accountCreated'))
    await send('gym', sample('hapana', 'checkIn'))
    await send('gym', status(gone))

    now += 60_000
    const account = await real('gym', sample('hapana', 'accountCreated'))
    const visit = await real('gym', sample('hapana', 'checkIn'))
    const change = await real('gym', status(active))

    expect(account).toMatchObject({ status: 'accepted', type: 'contact.created', deliveries: 2 })
    expect((await eventOf(visit.id))?.data.checkin.first).toBe(true)
    expect((await eventOf(change.id))?.data.membership).not.toHaveProperty('previous_status')
    expect(await eventOf(change.id)).not.toHaveProperty('test')
  })

  it.each([
    ['gym', sample('hapana', 'clientStatusChange')],
    ['community', sample('hype', 'payment.created')],
  ])('and the same message from %s itself are not repeats of each other', async (name, plan) => {
    const [test] = (await send(name, plan)).steps
    const first = await real(name, plan)
    const [again] = (await send(name, plan)).steps
    const second = await real(name, plan)

    expect(first.status).toBe(test?.answer?.status)
    expect(first.id).not.toBe(test?.answer?.id)
    expect(again?.answer).toMatchObject({ status: 'duplicate', id: test?.answer?.id })
    expect(second).toMatchObject({ status: 'duplicate', id: first.id })
  })

  it('is not linked to a person by its address', async () => {
    await real('community', sample('hype', 'payment.created', { email: 'ana@example.com' }))
    await send('gym', sample('hapana', 'accountCreated', { email: 'ana@example.com' }))

    const { results } = await env.DB.prepare(
      'SELECT contact, email, person FROM contacts ORDER BY contact',
    ).all<{ contact: string; email: string | null; person: number }>()
    expect(results.map(({ email }) => email)).toEqual(['ana@example.com', null])
    expect(results[1]?.contact).toMatch(/^test:/)
    expect(results[0]?.person).not.toBe(results[1]?.person)
  })

  it('stays a test when the log is normalized again, and keeps its history', async () => {
    await real('gym', status(gone))
    now += 60_000
    await send('gym', status(active))
    const change = await simulated('gym', status(gone))
    // As if an earlier version had not marked it.
    await env.DB.prepare(
      "UPDATE events SET event = json_remove(event, '$.test', '$.data.membership')",
    ).run()

    const period = { since: 0, until: now + 86_400_000 }
    const request = {
      period,
      source: 'gym',
      after: undefined,
      limit: 50,
      isDryRun: false,
      deliver: false,
      origin: relay.origin,
    }
    const again = await renormalize({ DB: env.DB, RETRIES: aQueue().queue }, config, request, tools)

    expect(again.changed).toHaveLength(3)
    const after = await eventOf(change.id)
    expect(after).toEqual(change)
    expect(after).toMatchObject({ test: true, data: { membership: { previous_status: 'active' } } })
    expect((await loggedEvents()).filter(({ test }) => test)).toHaveLength(2)
    const { results } = await env.DB.prepare(
      "SELECT count(*) AS n FROM events WHERE contact LIKE 'test:%'",
    ).all<{ n: number }>()
    expect(results[0]?.n).toBe(2)
  })

  it('stays a test when it was spilled', async () => {
    await send('gym', status(active))
    isD1Unavailable = true
    const { steps } = await send('gym', status(gone))
    expect(steps[0]?.answer?.status).toBe('queued')

    const message = {
      timestamp: new Date(NOW),
      body: spilled.kept[0]?.slice().buffer,
      ack: () => undefined,
      attempts: 1,
    } as unknown as Message<ArrayBuffer>
    await spill(
      { DB: env.DB, DELIVERIES: aQueue().queue, SPILL: aSpill().queue },
      config,
      [message],
      tools,
    )

    expect(await eventOf(steps[0]?.answer?.id)).toMatchObject({
      test: true,
      data: { membership: { status: 'inactive', previous_status: 'active' } },
    })
  })

  it('stays a test when it is released from quarantine', async () => {
    const { steps } = await send('gym', status(active))
    const id = steps[0]?.answer?.id
    await env.DB.prepare(
      "UPDATE events SET status = 'quarantined', event = NULL, contact = NULL, issues = '[]', dedup_key = 'q'",
    ).run()

    const page = { after: undefined, limit: 10, isDryRun: false, origin: relay.origin }
    const released = await release({ DB: env.DB, RETRIES: aQueue().queue }, config, {}, page, tools)

    expect(released.released).toMatchObject([{ id, status: 'accepted', deliveries: 1 }])
    expect(await eventOf(id)).toMatchObject({ test: true })
  })

  it('is left out of the drift reports, understood or not', async () => {
    const plan = journeyOf({ vendor: 'hype', members: 1, seed: 'one', start: NOW, junk: 1 })
    await send('community', plan)
    await real('community', sample('hype', 'payment.created'))

    await updateDriftReports({ DB: env.DB }, toolsAt(now + 600_000))

    const reports = await listDriftReports(env.DB, {})
    expect(reports.map(({ type, report }) => `${type} ${report.messages}`)).toEqual([
      'payment.created 1',
    ])
  })

  it('is what an authenticated request with the header relay-test: true becomes', async () => {
    const post = async (word: string) => {
      const response = await sendToApp(
        new Request('https://relay.example/in/community?key=correct-horse', {
          method: 'POST',
          headers: { 'relay-test': word },
          body: sample('hype', 'payment.created', { id: `contact-${word}` })[0]?.message.text ?? '',
        }),
      )
      return eventOf((await response.json<{ id: string }>()).id)
    }

    expect(await post('true')).toHaveProperty('test', true)
    expect(await post('false')).not.toHaveProperty('test')
  })
})
