// Writes the next states of deliveries: at once, but together with those of the same moment, as D1 has one writer.
import type { Health } from '../../core/deliveries/breaker.ts'
import type { NextState } from '../../core/deliveries/delivery.ts'
import { type DeliveryKey, updateDeliveries } from './deliveries.ts'

/** How long a write waits for those of other deliveries in flight. */
const GATHER_MS = 10

/** Waits between tries of a write: a lost record of a success means a second copy. */
const RETRY_PAUSES_MS = [100, 500, 2000]

/** Writes the next states of deliveries that are handled at the same time. */
export type DeliveryWriter = {
  /** Runs the work of one delivery. Writes wait a moment for those of work that is running. */
  during: (work: () => Promise<void>) => Promise<void>
  /**
   * Writes the next state of a delivery. Those of the same moment, and those that come during a write, share the next
   * write. Resolves with the health of every target then; rejects when D1 fails at every try.
   */
  write: (delivery: DeliveryKey, next: NextState) => Promise<ReadonlyMap<string, Health>>
}

/** A writer that makes one write after the other, each through `observe`, which sees whether it fails. */
export function createDeliveryWriter(
  db: D1Database,
  observe: <T>(write: () => Promise<T>) => Promise<T>,
): DeliveryWriter {
  type Waiting = {
    update: { delivery: DeliveryKey; next: NextState }
    resolve: (healths: ReadonlyMap<string, Health>) => void
    reject: (error: unknown) => void
  }
  let waiting: Waiting[] = []
  let isWriting = false
  let running = 0
  let onAllWaiting = () => {}
  function pause(): void {
    running--
    if (running === 0) onAllWaiting()
  }
  async function gather(): Promise<void> {
    if (running === 0) return
    await new Promise<void>((resolve) => {
      // An abandoned timer would keep the invocation from ending.
      const timer = setTimeout(resolve, GATHER_MS)
      onAllWaiting = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
  async function writeAll(): Promise<void> {
    isWriting = true
    while (waiting.length > 0) {
      await gather()
      const group = waiting
      waiting = []
      try {
        const healths = await withRetries(() => writeGroup(group))
        for (const { resolve } of group) resolve(healths)
      } catch {
        // An update that D1 refuses must not cost the others theirs. One at a time: requests need the connections.
        for (const one of group) await writeGroup([one]).then(one.resolve, one.reject)
      }
    }
    isWriting = false
  }
  function writeGroup(group: readonly Waiting[]): Promise<ReadonlyMap<string, Health>> {
    const updates = group.map(({ update }) => update)
    return observe(() => updateDeliveries(db, updates))
  }
  async function write(delivery: DeliveryKey, next: NextState) {
    pause()
    try {
      return await new Promise<ReadonlyMap<string, Health>>((resolve, reject) => {
        waiting.push({ update: { delivery, next }, resolve, reject })
        if (!isWriting) void writeAll()
      })
    } finally {
      running++
    }
  }
  async function during(work: () => Promise<void>): Promise<void> {
    running++
    try {
      await work()
    } finally {
      pause()
    }
  }
  return { during, write }
}

async function withRetries<T>(write: () => Promise<T>): Promise<T> {
  for (const pause of RETRY_PAUSES_MS) {
    try {
      return await write()
    } catch {
      await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }
  return write()
}
