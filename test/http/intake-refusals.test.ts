// Refused requests are counted by source and cause, and a flood of them is no flood of writes.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { createApp } from '../../src/http/app.ts'
import { prune } from '../../src/stages/ledger/prune.ts'
import { takeSnapshot } from '../../src/stages/ledger/snapshot.ts'
import { listRefusals } from '../../src/store/ledger/refusals.ts'
import { aConfig, aQueue, aSpill, NOW, toolsAt } from '../builders.ts'
import { empty } from '../database.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const config = aConfig({ name: 'crm' })

beforeEach(() => empty('refusals', 'snapshot'))

/** An isolate with a clock, and the writes of its counts. `isBroken`: whether D1 refuses them. */
function anIsolate() {
  let now = NOW
  let writes = 0
  let isBroken = false
  const pending: Promise<unknown>[] = []
  const prepare = (sql: string) => {
    if (!sql.includes('INTO refusals')) return env.DB.prepare(sql)
    writes++
    if (isBroken) throw new Error('D1_ERROR: database or disk is full')
    return env.DB.prepare(sql)
  }
  const batch = (statements: D1PreparedStatement[]) => env.DB.batch(statements)
  const bindings = {
    DB: { prepare, batch } as unknown as D1Database,
    DELIVERIES: aQueue().queue,
    RETRIES: aQueue().queue,
    SPILL: aSpill().queue,
    ADMIN_TOKEN: 'operator',
  }
  const app = createApp(() => config, {
    ...toolsAt(NOW),
    now: () => now,
    waitUntil: (work) => void pending.push(work),
  })
  return {
    writes: () => writes,
    breakD1: (broken: boolean) => {
      isBroken = broken
    },
    advance: (ms: number) => {
      now += ms
    },
    ask: async (path: string, init: RequestInit = { method: 'POST', body: '{}' }) => {
      const response = await app.request(`https://relay.example${path}`, init, bindings)
      await Promise.all(pending)
      return response
    },
  }
}

const counted = async () =>
  (await listRefusals(env.DB, 0)).map(({ source, cause, count }) => `${source} ${cause} ${count}`)

describe('refused requests', () => {
  it('are counted by source and cause; a name that is not configured is not kept', async () => {
    const { ask, advance } = anIsolate()
    await ask('/in/hype?key=wrong')
    await ask('/in/hype?key=wrong')
    await ask('/in/hype?key=hype%20secret', { method: 'POST', body: '' })
    await ask('/in/my-password')
    await ask('/in/hype', { method: 'GET' })
    advance(MINUTE)
    await ask('/in/hapana')

    expect((await counted()).sort()).toEqual([
      'hapana header_missing 1',
      'hype empty_body 1',
      'hype key_wrong 2',
      'hype method_not_allowed 1',
      'null unknown_source 1',
    ])
    const { results } = await env.DB.prepare('SELECT * FROM refusals').all()
    expect(JSON.stringify(results)).not.toContain('password')
  })

  it('are written at once, then once a minute, however many there are', async () => {
    const { ask, advance, writes } = anIsolate()
    for (let second = 0; second < 180; second++) {
      await ask('/in/hype?key=wrong')
      await ask('/in/nobody')
      advance(1000)
    }

    expect(writes()).toBe(3)
    expect(await counted()).toEqual(['hype key_wrong 121', 'null unknown_source 120'])
  })

  it('that D1 did not take are written later, by a request that is accepted too', async () => {
    const { ask, advance, breakD1 } = anIsolate()
    breakD1(true)
    await ask('/in/hype?key=wrong')
    expect(await counted()).toEqual([])
    breakD1(false)
    advance(MINUTE)
    const response = await ask('/in/hype?key=hype%20secret')

    expect(response.status).toBe(202)
    expect(await counted()).toEqual(['hype key_wrong 1'])
  })

  it('of the last day are among the figures of a source, and in the metrics', async () => {
    const { ask, advance } = anIsolate()
    await ask('/in/hype?key=wrong')
    await takeSnapshot(env, config, toolsAt(NOW))
    const headers = { authorization: 'Bearer operator' }
    const { figures } = await (await ask('/api/sources/hype', { headers })).json<{
      figures: { refused: unknown }
    }>()
    const metrics = await (await ask('/metrics', { headers })).text()

    const last_at = new Date(NOW).toISOString().replace('.000', '')
    expect(figures.refused).toEqual([{ cause: 'key_wrong', count: 1, last_at }])
    expect(metrics).toContain(
      'membership_relay_refused_requests{source="hype",cause="key_wrong"} 1\n',
    )
    advance(0)
    expect(await listRefusals(env.DB, NOW + DAY)).toEqual([])
  })

  it('are kept for thirty days', async () => {
    const { ask } = anIsolate()
    await ask('/in/hype?key=wrong')
    await prune(env, config, toolsAt(NOW + 29 * DAY))
    expect(await counted()).toHaveLength(1)

    await prune(env, config, toolsAt(NOW + 31 * DAY))
    expect(await counted()).toEqual([])
  })
})
