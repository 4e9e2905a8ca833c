// What the edge alone may touch, read once and handed down.
import type { Log } from '../env.ts'

export type Tools = {
  /** Epoch milliseconds. */
  now: () => number
  /** A number in [0, 1). */
  random: () => number
  log: Log
  send: (url: string, init: RequestInit) => Promise<Response>
}
