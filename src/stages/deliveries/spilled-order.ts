// Order across the spill queue: while events may wait in it, deliveries to ordered targets wait for them.
import type { Env, Tools } from '../../env.ts'
import { getStuck } from '../../store/intake/stuck.ts'
import { withTimeout } from '../../store/timeout.ts'

const METRICS_TIMEOUT_MS = 1000

/**
 * True while the spill queue has requests that D1 will take. Not for a request that is noted as one that fails by itself, and
 * not when the queue does not report its length: neither must stop deliveries.
 */
export async function isAnySpilled(
  env: Pick<Env, 'DB' | 'SPILL'>,
  { now, log }: Tools,
): Promise<boolean> {
  try {
    const asked = env.SPILL.metrics()
    const { backlogCount } = await withTimeout(asked, 'the queue', METRICS_TIMEOUT_MS)
    if (backlogCount === 0) return false
    // While D1 does not say it, they wait: it is when D1 is in trouble that the queue has requests.
    return (await withTimeout(getStuck(env.DB, now())).catch(() => undefined)) === undefined
  } catch (error) {
    log({
      at: 'deliver',
      fault: 'the order across the spill queue is not kept',
      detail: String(error),
    })
    return false
  }
}
