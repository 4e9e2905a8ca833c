// What the edge alone may touch, read once and handed down.

export type Tools = {
  /** Epoch milliseconds. */
  now: () => number
  /** A number in [0, 1). */
  random: () => number
  /** Writes one line of JSON. */
  log: (line: Record<string, unknown>) => void
  send: (url: string, init: RequestInit) => Promise<Response>
}
