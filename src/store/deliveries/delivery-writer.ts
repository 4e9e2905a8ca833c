// Writing updates of deliveries: as soon as each is there, and together with those that come in the same moment.
import { type DeliveryUpdate, updateDeliveries } from './deliveries.ts'

/** How long an update waits for those of others who are at work. */
const GATHER_MS = 10

/** Records what several deliveries come to. */
export type Recorder = {
  /** Does a piece of work; updates wait a moment for those of whoever is at work. */
  during: (work: () => Promise<void>) => Promise<void>
  /**
   * Records an update. Updates that come in the same moment, or while a write is under way, share the next write: D1
   * has one writer. Rejects when D1 does not take the update although it was asked several times.
   */
  record: (update: DeliveryUpdate) => Promise<void>
}

/** Gives what records in a database, one write after the other. Each is done by `recording`, which may learn from it. */
export function createRecorder(
  db: D1Database,
  recording: (write: () => Promise<void>) => Promise<void>,
): Recorder {
  type Waiting = { update: DeliveryUpdate; resolve: () => void; reject: (error: unknown) => void }
  let waiting: Waiting[] = []
  let writing = false
  let atWork = 0
  let tellAllRest = () => {}
  function rest(): void {
    atWork--
    if (atWork === 0) tellAllRest()
  }
  async function gather(): Promise<void> {
    if (atWork === 0) return
    await new Promise<void>((resolve) => {
      // A timer that nobody waits for would keep the invocation from ending.
      const timer = setTimeout(resolve, GATHER_MS)
      tellAllRest = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
  async function write(): Promise<void> {
    writing = true
    while (waiting.length > 0) {
      await gather()
      const group = waiting
      waiting = []
      try {
        await insist(() => recordAll(group))
        for (const { resolve } of group) resolve()
      } catch {
        // One that D1 does not take must not cost the others their record. One at a time: requests need the connections.
        for (const one of group) await recordAll([one]).then(one.resolve, one.reject)
      }
    }
    writing = false
  }
  function recordAll(group: readonly Waiting[]): Promise<void> {
    const updates = group.map(({ update }) => update)
    return recording(() => updateDeliveries(db, updates))
  }
  async function record(update: DeliveryUpdate): Promise<void> {
    rest()
    try {
      await new Promise<void>((resolve, reject) => {
        waiting.push({ update, resolve, reject })
        if (!writing) void write()
      })
    } finally {
      atWork++
    }
  }
  async function during(work: () => Promise<void>): Promise<void> {
    atWork++
    try {
      await work()
    } finally {
      rest()
    }
  }
  return { during, record }
}

/** Tries a write again that may be repeated: losing the record of an answer means sending a second copy. */
async function insist(write: () => Promise<void>): Promise<void> {
  const PAUSES_MS = [100, 500, 2000]
  for (const pause of PAUSES_MS) {
    try {
      return await write()
    } catch {
      await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }
  return write()
}
