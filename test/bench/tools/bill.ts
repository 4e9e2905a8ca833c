// The usage that Cloudflare bills, and the price of an event by it.

/** The billed usage; `trips` to D1 and the statements in them cost time and no money. */
export type Bill = {
  requests: number
  /** Invocations of a consumer: each is billed as a request. */
  batches: number
  trips: number
  statements: number
  rowsWritten: number
  rowsRead: number
  queueWrites: number
  queueReads: number
  queueDeletes: number
}

/** The usage of one event, in the terms of the price list. */
export type Usage = {
  requests: number
  cpuMs: number
  rowsWritten: number
  rowsRead: number
  queueOperations: number
}

type Resource = keyof Usage

/**
 * The public price list of Workers Paid and the daily bounds of Workers Free, as of `AS_OF`:
 * https://developers.cloudflare.com/workers/platform/pricing/, …/d1/platform/pricing/, …/queues/platform/pricing/.
 */
export const AS_OF = '2026-11-21'
export const PRICE_LIST: Record<
  Resource,
  { dollarsPerMillion: number; includedMonthly: number; freeDaily: number }
> = {
  requests: { dollarsPerMillion: 0.3, includedMonthly: 10e6, freeDaily: 100_000 },
  // On the free plan CPU time is bounded by invocation (10 ms), not by day.
  cpuMs: { dollarsPerMillion: 0.02, includedMonthly: 30e6, freeDaily: Number.POSITIVE_INFINITY },
  rowsWritten: { dollarsPerMillion: 1, includedMonthly: 50e6, freeDaily: 100_000 },
  rowsRead: { dollarsPerMillion: 0.001, includedMonthly: 25e9, freeDaily: 5e6 },
  queueOperations: { dollarsPerMillion: 0.4, includedMonthly: 1e6, freeDaily: 10_000 },
}

const RESOURCES = Object.keys(PRICE_LIST) as Resource[]

/** Dollars for a million events beyond what is included. */
export function dollarsPerMillion(usage: Usage): number {
  return RESOURCES.reduce((sum, one) => sum + usage[one] * PRICE_LIST[one].dollarsPerMillion, 0)
}

/** The number of events that fit into a quota, and the resource that is used up first. */
export function carried(
  usage: Usage,
  quota: 'includedMonthly' | 'freeDaily',
): { events: number; first: Resource } {
  const [first] = RESOURCES.map((one) => ({
    first: one,
    events: Math.floor(PRICE_LIST[one][quota] / usage[one]),
  })).sort((a, b) => a.events - b.events)
  if (first === undefined) throw new Error('no resource is billed')
  return first
}

/** Dollars for so many events a month on Workers Paid, its five dollars included. */
export function dollarsAMonth(usage: Usage, events: number): number {
  const beyond = RESOURCES.map((one) => {
    const { dollarsPerMillion, includedMonthly } = PRICE_LIST[one]
    return (Math.max(0, usage[one] * events - includedMonthly) * dollarsPerMillion) / 1e6
  })
  return beyond.reduce((sum, one) => sum + one, 5)
}
