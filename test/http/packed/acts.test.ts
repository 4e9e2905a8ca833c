// What an operator does with packed events does the same as with hot ones: they are restored first.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { type EventId, keyOfId } from '../../../src/core/id.ts'
import { listRunningReplays } from '../../../src/store/deliveries/replays/replays.ts'
import { advanceReplay } from '../../../src/store/deliveries/replays/steps.ts'
import { listDifferences } from '../../../src/store/ledger/verify.ts'
import { NOW } from '../../builders.ts'
import { PLACES, rollAll } from '../../packs.ts'
import { aLog, aReader, config, idsOfLog, LATER, packIn } from './scene.ts'

type Detail = {
  id: EventId
  status: string
  type: string
  source: string
  deliveries: { target: string; state: string }[]
}

const rowsOf = (id: EventId) =>
  env.DB.prepare('SELECT count(*) AS n FROM events WHERE key = CAST(?1 AS INTEGER)')
    .bind(keyOfId(id))
    .first<number>('n')

const differences = async () => {
  await rollAll(LATER)
  const period = { since: NOW - 3_600_000, until: LATER }
  return (await listDifferences(PLACES.r2, period)).differences
}

/** A packed log in R2, and its API. The messages of restarted deliveries are in `sent`. */
async function aPackedLog() {
  await aLog()
  const reader = await aReader('r2')
  const { events } = await idsOfLog(reader.all)
  const hot = await Promise.all(events.map(async (id) => (await reader.api(`/events/${id}`)).body))
  await packIn('r2')
  const sent = () => reader.visitor.queue.messages
  /** Normalizes a period again, page by page. */
  const renormalize = async (period: object) => {
    const changed: EventId[] = []
    let checked = 0
    let after: string | undefined
    do {
      const { body } = await reader.api('/renormalize', { ...period, ...(after ? { after } : {}) })
      checked += body.checked as number
      changed.push(...(body.changed as { id: EventId }[]).map(({ id }) => id))
      after = (body.next as string | null) ?? undefined
    } while (after !== undefined)
    return { checked, changed }
  }
  const left = (await env.DB.prepare('SELECT count(*) AS n FROM events').first('n')) as number
  return { ...reader, events: hot as unknown as Detail[], hot: left, sent, renormalize }
}

let log: Awaited<ReturnType<typeof aPackedLog>>
beforeEach(async () => {
  log = await aPackedLog()
}, 120_000)

describe('a packed event', () => {
  it('is sent again to its targets, and its ledger adds up', async () => {
    const { id, deliveries } = log.events.find(
      ({ deliveries }) => deliveries.length === 2,
    ) as Detail
    expect(await rowsOf(id)).toBe(0)

    const dry = await log.api(`/events/${id}/replay`, { dry_run: true })
    expect(await rowsOf(id)).toBe(0)
    const { status, body } = await log.api(`/events/${id}/replay`, {})

    const targets = deliveries.map(({ target }) => target)
    expect(dry.body).toMatchObject({ targets, replayed: [] })
    expect(status).toBe(200)
    expect([...(body.replayed as string[])].sort()).toEqual(targets)
    expect(
      log
        .sent()
        .map(({ event, target }) => `${event} ${target}`)
        .sort(),
    ).toEqual(targets.map((target) => `${id} ${target}`))
    expect((await log.api(`/events/${id}`)).body).toMatchObject({
      deliveries: deliveries.map(({ target }) => ({ target, state: 'retrying' })),
    })
    expect(await differences()).toEqual([])
  })

  it('is sent to a target that never had it, if that is asked for', async () => {
    const { id } = log.events.find(({ status, deliveries }) => {
      return status === 'accepted' && deliveries.every(({ target }) => target !== 'flaky')
    }) as Detail

    const { body } = await log.api(`/events/${id}/replay`, { targets: ['flaky'], force: true })

    expect(body).toMatchObject({ replayed: ['flaky'] })
    expect((await log.api(`/events/${id}`)).body).toMatchObject({
      deliveries: expect.arrayContaining([expect.objectContaining({ target: 'flaky' })]),
    })
    expect(await differences()).toEqual([])
  })
})

describe('a replay by filter', () => {
  it.each([
    [{ since: '90d' }],
    [{ type: ['payment.*'], target: ['finance'] }],
    [{ state: ['dead', 'cancelled'] }],
    [{ person: 'ben@example.com' }],
  ])(
    'of %j sends each packed delivery again, once',
    async (filter) => {
      const { body: plan } = await log.api('/replays', { filter, dry_run: true })
      expect(plan.total).toBeGreaterThan(0)

      const { body } = await log.api('/replays', { filter, per_second: 50 })

      expect(body).toMatchObject({
        state: 'done',
        total: plan.total,
        replayed: plan.total,
        missing: 0,
      })
      const names = log.sent().map(({ event, target }) => `${event} ${target}`)
      expect(names).toHaveLength(plan.total as number)
      expect(new Set(names).size).toBe(plan.total)
      expect(await differences()).toEqual([])
    },
    120_000,
  )

  it('stays where it is when an event that it restored is packed again meanwhile', async () => {
    const { body } = await log.api('/replays', { filter: { since: '90d' }, per_second: 0.1 })
    await env.DB.prepare(`UPDATE replays SET state = 'running'`).run()
    const [replay] = await listRunningReplays(env.DB)
    if (replay === undefined) throw new Error(JSON.stringify(body))
    const { id } = log.events[0] as Detail
    await env.DB.prepare('DELETE FROM events WHERE key = CAST(?1 AS INTEGER)')
      .bind(keyOfId(id))
      .run()
    const step = {
      deliveries: [{ event: id, target: 'crm', due: LATER, isPacked: true }],
      position: { event: keyOfId(id), target: 'crm' },
      nextDue: LATER,
      isEnd: false,
    }

    expect(await advanceReplay(env.DB, replay, step, LATER)).toEqual([])

    const [after] = await listRunningReplays(env.DB)
    expect(after?.position).toEqual(replay.position)
    expect(config.targets).not.toEqual([])
  })
})

describe('normalizing again', () => {
  const period = { since: '90d', source: 'hype' }

  it('looks at packed messages, and restores those that change', async () => {
    const dry = await log.renormalize({ ...period, dry_run: true })
    expect(await env.DB.prepare('SELECT count(*) AS n FROM events').first('n')).toBe(log.hot)

    const done = await log.renormalize({ ...period, dry_run: false, deliver: true })

    expect(dry.checked).toBe(log.events.filter(isAcceptedOf('hype')).length)
    expect(done).toEqual(dry)
    const payments = log.events
      .filter(({ type }) => type === 'payment.created')
      .filter(isAcceptedOf('hype'))
    expect(payments.length).toBeGreaterThan(5)
    for (const { id } of payments) {
      expect(done.changed).toContain(id)
      expect(await rowsOf(id)).toBe(1)
      expect(JSON.stringify((await log.api(`/events/${id}`)).body)).not.toContain('of before')
    }
    expect(await differences()).toEqual([])
  }, 120_000)

  it('of one event takes the console to a page that shows its differences', async () => {
    const { id } = log.events.find(({ type }) => type === 'payment.created') as Detail

    const page = await log.visitor.open(`/console/events/${id}/renormalize`)

    expect(page).toMatchObject({ status: 200, text: expect.stringContaining('of before') })
    expect(await rowsOf(id)).toBe(0)
  })
})

const isAcceptedOf = (source: string) => (event: Detail) =>
  event.status === 'accepted' && event.source === source
