// The size of the database: how full it is, when it will be full, and when received bytes are deleted early.

/** What the relay knows of itself. Times in epoch milliseconds. */
export type RelayState = {
  /** When a run of the cron last ended; up to five minutes before the present one. */
  cronAt: number
  bytes: number
  /** Whether received bytes are deleted before the end of their retention. */
  isShortOfSpace: boolean
  /** The last size of each of the last days, by day since 1970. */
  sizes: readonly (readonly [day: number, bytes: number])[]
}

const DAY_MS = 86_400_000

/** From this part of the limit on, an operator is told. */
export const NEARLY_FULL = 0.8

/** From the first part on, received bytes are deleted early, until the second is reached: so it does not start and stop all day. */
const SHORT_OF_SPACE = 0.95
const SPACE_AGAIN = 0.9

/** Whether received bytes are to be deleted early. `before`: whether they were. */
export function isShortOfSpace(before: boolean, bytes: number, limit: number): boolean {
  return bytes >= limit * (before ? SPACE_AGAIN : SHORT_OF_SPACE)
}

/** How many days are remembered. */
const DAYS = 8

/** The heartbeat is written when it is this old, or when the size has changed by this part of the limit. */
const BEAT_MS = 4.5 * 60_000
const CHANGE = 0.01

/** The state after a run of the cron that ends at `now`; undefined when that is not worth a write. */
export function stateAfterRun(
  known: RelayState,
  bytes: number,
  limit: number,
  now: number,
): RelayState | undefined {
  const shortOfSpace = isShortOfSpace(known.isShortOfSpace, bytes, limit)
  const isSame =
    now - known.cronAt < BEAT_MS &&
    Math.abs(bytes - known.bytes) < limit * CHANGE &&
    shortOfSpace === known.isShortOfSpace
  if (isSame) return undefined
  const today = Math.floor(now / DAY_MS)
  const earlier = known.sizes.filter(([day]) => day < today && day > today - DAYS)
  return { cronAt: now, bytes, isShortOfSpace: shortOfSpace, sizes: [...earlier, [today, bytes]] }
}

/** By how many bytes a day the database grew over the remembered days; undefined before there are two of them. */
export function growthOf({ sizes }: Pick<RelayState, 'sizes'>): number | undefined {
  const [first, last] = [sizes[0], sizes.at(-1)]
  if (first === undefined || last === undefined || last[0] <= first[0]) return undefined
  return (last[1] - first[1]) / (last[0] - first[0])
}

/** In how many whole days it will be full at that growth; undefined when it does not grow, or that is not known. */
export function daysUntilFull(
  state: Pick<RelayState, 'sizes'>,
  bytes: number,
  limit: number,
): number | undefined {
  const growth = growthOf(state)
  if (growth === undefined || growth <= 0) return undefined
  return Math.max(0, Math.floor((limit - bytes) / growth))
}
