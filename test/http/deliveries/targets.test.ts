// Targets in the API: pausing and resuming them.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../../src/config.ts'
import { updateKnownTargets } from '../../../src/stages/deliveries/known-targets.ts'
import { rollUp } from '../../../src/stages/ledger/rollup.ts'
import { takeSnapshot } from '../../../src/stages/ledger/snapshot.ts'
import { aConfig, aPayment, aQueue, NOW, stored, toolsAt } from '../../builders.ts'
import { anApi, OPERATOR } from '../api.ts'

const { get, post } = anApi(aConfig({ name: 'crm' }))

describe('/api/targets', () => {
  it('pauses and resumes a target, with one event for each', async () => {
    const paused = await post('/api/targets/crm/pause')
    await post('/api/targets/crm/pause')
    const shown = await get('/api/targets', OPERATOR)
    const resumed = await post('/api/targets/crm/resume')

    expect(paused).toMatchObject({ status: 200, body: { name: 'crm', state: 'paused' } })
    expect(shown.body).toMatchObject({ targets: [{ name: 'crm', state: 'paused', reason: null }] })
    expect(resumed.body).toMatchObject({ name: 'crm', state: 'active', failures: 0 })
    const { body } = await get('/api/events?type=relay.target_*', OPERATOR)
    expect((body.events as { type: string }[]).map(({ type }) => type)).toEqual([
      'relay.target_resumed',
      'relay.target_paused',
    ])
  })

  it('never returns the URL of a target', async () => {
    expect(JSON.stringify((await get('/api/targets', OPERATOR)).body)).not.toContain(
      'target.example',
    )
  })

  it('does not find an unknown target or an unknown act', async () => {
    expect(await post('/api/targets/nobody/pause')).toMatchObject({ status: 404 })
    expect(await post('/api/targets/crm/destroy')).toMatchObject({ status: 404 })
  })
})

describe('a target that is not configured', () => {
  const before = aConfig({ name: 'old' })
  const after = aConfig({ name: 'crm' })
  const bindings = { DB: env.DB, RETRIES: aQueue().queue }
  const HOUR_MS = 3_600_000

  it('is listed while deliveries are owed to it, with the time at which they are cancelled', async () => {
    await updateKnownTargets(bindings, before, toolsAt(NOW))
    await stored(before, 'hype', aPayment())
    await env.DB.prepare("UPDATE deliveries SET state = 'held', reason = 'unknown'").run()
    await updateKnownTargets(bindings, after, toolsAt(NOW + HOUR_MS))
    await rollUp(env, toolsAt(NOW + 2 * HOUR_MS))
    await takeSnapshot(env, after, toolsAt(NOW + 2 * HOUR_MS))
    const api = anApi(after)

    const { body } = await api.get('/api/targets', OPERATOR)

    const old = {
      name: 'old',
      state: 'unknown',
      reason: 'it is not configured: its deliveries are held for a day, then cancelled',
      held_until: '2026-11-22T02:00:00Z',
      figures: { backlog: { pending: 0, retrying: 0, held: 1 } },
    }
    expect(body).toMatchObject({
      unreadable: [],
      targets: [{ name: 'crm', held_until: null }, old],
    })
    expect((await api.get('/api/targets/old', OPERATOR)).body).toMatchObject(old)
    expect(await api.post('/api/targets/old/resume')).toMatchObject({ status: 404 })
    expect(await api.get('/api/targets/nobody', OPERATOR)).toMatchObject({ status: 404 })
  })

  it('is listed as held for while TARGETS cannot be read', async () => {
    const unreadable = parseConfig({ TARGETS: '[{"name":"old"},]' }, () => 'secret')
    await updateKnownTargets(bindings, before, toolsAt(NOW + 9 * HOUR_MS))

    const { body } = await anApi(unreadable).get('/api/targets', OPERATOR)

    expect(body.unreadable).toEqual([
      'TARGETS must be a list of tables, or JSON text of such a list',
    ])
    expect(body.targets).toContainEqual(
      expect.objectContaining({
        name: 'old',
        state: 'unknown',
        reason: 'TARGETS cannot be read: its deliveries are held until it can be',
        held_until: null,
      }),
    )
  })
})
