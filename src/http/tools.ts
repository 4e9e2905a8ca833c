// What the edge alone may touch, read once and handed down.
import type { Config } from '../config.ts'
import type { Env, Log } from '../env.ts'

export type Tools = {
  /** Epoch milliseconds. */
  now: () => number
  /** A number in [0, 1). */
  random: () => number
  log: Log
  send: (url: string, init: RequestInit) => Promise<Response>
}

/** What the routes of API and console need: the tools, and the configuration of an environment. */
export type ApiTools = Tools & { configOf: (env: Env) => Config }
