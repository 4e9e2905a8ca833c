// The process is killed at random moments that the seed repeats, and is started again with the same storage.
import { readEvent } from './api.ts'
import type { Load } from './load.ts'
import type { Length } from './phases.ts'
import type { Plan } from './plan.ts'
import { sleep } from './ports.ts'
import type { Runtime } from './runtime.ts'

/** The most kills. In a long run time is the limit. */
const MOST = { short: 1, long: 1000 }
/** The pause between two kills. */
const SHORTEST_PAUSE_MS = 300
const LONGEST_PAUSE_MS = { short: 2000, long: 6000 }
/** How long a spilled request may take to be recorded, when D1 was only slow. */
const SPILL_WITHIN_MS = 20_000

/** The faults beside the kills: none that makes the relay spill. */
const AROUND_KILLS: Partial<Plan>[] = [
  {},
  { batches: 'duplicate' },
  { batches: 'reorder' },
  { batches: 'drop', probability: 0.3 },
  { queue: 'fail', probability: 0.3 },
]

/**
 * Kills until a time, at least once. Before each kill, all spilled requests must be in the log: the local queues are in
 * memory, and a crash would lose what is durable on Cloudflare.
 */
export async function killUntil(
  end: number,
  length: Length,
  runtime: Runtime,
  load: Load,
  random: () => number,
): Promise<void> {
  const pauseMs = () =>
    SHORTEST_PAUSE_MS + random() * (LONGEST_PAUSE_MS[length] - SHORTEST_PAUSE_MS)
  const recorded = new Set<string>()
  for (let kills = 0; kills === 0 || (kills < MOST[length] && Date.now() < end); kills++) {
    const plan = AROUND_KILLS[Math.floor(random() * AROUND_KILLS.length)]
    await runtime.setPlan({ ...plan, seed: kills })
    await sleep(pauseMs())
    await untilSpillIsEmpty(load, recorded)
    await runtime.crash()
  }
  await runtime.setPlan({})
}

/** Waits until every event that was answered `queued` is in the log. */
async function untilSpillIsEmpty(load: Load, recorded: Set<string>): Promise<void> {
  const deadline = Date.now() + SPILL_WITHIN_MS
  const waiting = () =>
    load.messages
      .flatMap(({ requests }) => requests)
      .flatMap(({ receipt, id }) => (receipt === 'queued' && id && !recorded.has(id) ? [id] : []))
  for (let ids = waiting(); ids.length > 0 && Date.now() < deadline; ids = waiting()) {
    for (const id of ids) {
      if ((await readEvent(id)) === undefined) break
      recorded.add(id)
    }
    await sleep(200)
  }
}
