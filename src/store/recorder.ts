// Writing updates of deliveries: as soon as each is there, and together with those that come meanwhile.
import { type DeliveryUpdate, updateDeliveries } from './deliveries.ts'

/**
 * Gives a function that records an update. Updates that come while a write is under way share the next one. It
 * rejects when D1 does not take the update although it was asked several times.
 */
export function recorder(db: D1Database): (update: DeliveryUpdate) => Promise<void> {
  type Waiting = { update: DeliveryUpdate; resolve: () => void; reject: (error: unknown) => void }
  let waiting: Waiting[] = []
  let writing = false
  async function write(): Promise<void> {
    writing = true
    while (waiting.length > 0) {
      const group = waiting
      waiting = []
      try {
        await insist(() =>
          updateDeliveries(
            db,
            group.map(({ update }) => update),
          ),
        )
        for (const { resolve } of group) resolve()
      } catch {
        // One that D1 does not take must not cost the others their record.
        await Promise.all(group.map(writeAlone))
      }
    }
    writing = false
  }
  async function writeAlone({ update, resolve, reject }: Waiting): Promise<void> {
    await updateDeliveries(db, [update]).then(resolve, reject)
  }
  return (update) =>
    new Promise((resolve, reject) => {
      waiting.push({ update, resolve, reject })
      if (!writing) void write()
    })
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
