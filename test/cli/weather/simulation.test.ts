// `npm run weather` itself: it repeats what a schedule says, and finds bugs that are put into the Worker.
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { buildTree } from '../../weather/machine/build.ts'
import { shrink } from '../../weather/shrink.ts'
import { simulate, type Trees } from '../../weather/simulation.ts'
import type { Schedule } from '../../weather/sky/schedule.ts'
import { storyOf } from '../../weather/story.ts'

const HOUR = 3_600_000

const tree = await buildTree(path.join(import.meta.dirname, '../../..'))
const trees: Trees = { now: tree, before: tree }

/** The Worker with a bug: `handler` gets what the queue consumer gets, and the consumer itself. */
function withBug(handler: string): Trees {
  const code = `${tree.code}
    const correctWorker = module.exports.default
    const consumeAsBefore = correctWorker.queue
    module.exports = { default: { ...correctWorker, queue: async (batch, env, context) => { ${handler} } } }`
  const broken = { ...tree, code }
  return { now: broken, before: broken }
}

const STORM: Schedule = {
  ...{ seed: 3, days: 1, fairDays: 1, isolates: 2, people: 4, perDay: 8 },
  targets: ['steady', 'alerts', 'door'],
  faults: [
    { kind: 'cuts', share: 0.01, from: 2 * HOUR, ms: 2 * HOUR },
    { kind: 'd1', how: 'refuse', from: 6 * HOUR, ms: 4 * HOUR },
    { kind: 'queue', how: 'refuse', on: '-retries', from: 7 * HOUR, ms: HOUR },
    { kind: 'no-cron', from: 10 * HOUR, ms: 10 * 60_000 },
  ],
}

describe('a schedule', () => {
  it('is the same run each time, to the last bit, and another seed is another run', async () => {
    const first = await simulate(STORM, trees)
    const second = await simulate(STORM, trees)
    expect(second.hash).toBe(first.hash)
    expect(first.figures.attempts).toBeGreaterThan(10)
    const other = await simulate({ ...STORM, seed: 4 }, trees)
    expect(other.hash).not.toBe(first.hash)
  })
})

describe('a bug in the Worker', () => {
  it('that drops what was spilled is found, with a shorter schedule and a story of one screen', async () => {
    const broken = withBug(
      `if (batch.queue.endsWith('-spill')) return batch.ackAll(); return consumeAsBefore(batch, env, context)`,
    )
    const { schedule, outcome } = await shrink(STORM, 'kept', broken, 12)
    expect(outcome.violations[0]?.text).toMatch(/was answered 202 queued, .* it is in no place/)
    expect(schedule.faults.length).toBeLessThan(STORM.faults.length)
    expect(schedule.faults).toContainEqual(expect.objectContaining({ kind: 'd1' }))
    const story = storyOf(schedule, outcome, 'kept')
    expect(story.length).toBeLessThan(50)
    expect(story.join('\n')).toMatch(/d1 refuse begins[\s\S]*is in the spill queue/)
  })

  it('that loses deliveries is found', async () => {
    const broken = withBug(`if (batch.queue.endsWith('-deliveries')) {
      await env.DB.prepare('DELETE FROM deliveries').run()
    }
    return consumeAsBefore(batch, env, context)`)
    const { violations } = await simulate({ ...STORM, faults: [] }, broken, 'owed')
    expect(violations.map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/has no delivery/),
    )
  })
})
