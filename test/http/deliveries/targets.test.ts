// Targets in the API: pausing and resuming them.
import { describe, expect, it } from 'vitest'
import { aConfig } from '../../builders.ts'
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
