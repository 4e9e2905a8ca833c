// Two isolates can draw the same id in one millisecond. What an operator or the relay itself writes then draws another.
import { env } from 'cloudflare:workers'
import { beforeEach, expect, it } from 'vitest'
import { idOfKey } from '../../../src/core/id.ts'
import { startReplay } from '../../../src/stages/deliveries/replay.ts'
import { recordSystemEvent } from '../../../src/stages/deliveries/system-events.ts'
import { aConfig, aQueue, NOW, toolsAt } from '../../builders.ts'
import { empty, LOG_TABLES } from '../../database.ts'

const config = aConfig({ name: 'crm' })

/** Randomness that gives the same twice, then another. */
function drawing(...values: number[]): { random: () => number } {
  let n = 0
  return { random: () => values[Math.min(n++, values.length - 1)] as number }
}

beforeEach(() => empty(...LOG_TABLES, 'replays'))

it('an event of the relay’s own whose id is taken is recorded under another', async () => {
  const bindings = { DB: env.DB, RETRIES: aQueue().queue }
  const fact = { type: 'relay.person_split', data: { person: 'per_1' } } as never
  await recordSystemEvent(bindings, config, fact, toolsAt(NOW, drawing(0.5)))

  await recordSystemEvent(bindings, config, fact, toolsAt(NOW, drawing(0.5, 0.75)))

  const { results } = await env.DB.prepare('SELECT key, event FROM events').all<{
    key: number
    event: string
  }>()
  expect(results).toHaveLength(2)
  for (const { key, event } of results) expect(JSON.parse(event).id).toBe(idOfKey(key))
})

it('a replay whose id is taken gets another', async () => {
  const bindings = { DB: env.DB, DELIVERIES: aQueue().queue, RETRIES: aQueue().queue }
  const start = (...values: number[]) =>
    startReplay(
      bindings as never,
      config,
      { since: NOW - 1000, until: NOW } as never,
      1,
      toolsAt(NOW, drawing(...values)),
    )
  const one = await start(0.5)

  const other = await start(0.5, 0.75)

  expect(other.id).not.toBe(one.id)
  expect(await env.DB.prepare('SELECT count(*) AS n FROM replays').first('n')).toBe(2)
})
