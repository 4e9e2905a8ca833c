// Time that passes as fast as the work of a test allows.
import { env } from 'cloudflare:workers'
import { vi } from 'vitest'

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
    await env.DB.prepare('SELECT 1').first()
  }
  vi.useRealTimers()
  return end
}
