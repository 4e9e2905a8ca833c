// Time that passes as fast as the work of a test allows.
import { env } from 'cloudflare:workers'
import { vi } from 'vitest'

/** Trips to D1 for half a second of the timers. */
const TRIPS = 4

/** Starts work and lets time pass until it has ended; D1 answers meanwhile. Only timers notice: the clock does not. */
export async function untilSettled<T>(start: () => Promise<T>): Promise<T> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  let isSettled = false
  const end = start().finally(() => {
    isSettled = true
  })
  end.catch(() => undefined)
  while (!isSettled) {
    await vi.advanceTimersByTimeAsync(500)
    // Several trips: on a busy machine the work makes less than one of its own in the time of one here.
    for (let trip = 0; trip < TRIPS; trip++) await env.DB.prepare('SELECT 1').first()
  }
  vi.useRealTimers()
  return end
}
