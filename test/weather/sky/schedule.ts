// A schedule: all that decides a run. The same schedule gives the same run, to the last bit.
import type { ReceiverTrouble } from '../world/receivers.ts'

/** A fault of the weather. Times in milliseconds since the start of the run. */
export type Fault = {
  kind: FaultKind
  from: number
  ms: number
  /** The queue or the target that it is about. */
  on?: string
  how?: string
  /** The share of calls that it hits, from 0 to 1; all of them unless set. */
  share?: number
}

/**
 * d1, queue, r2: a binding in trouble. full: D1 has no room for more. filling: D1 is almost full. cuts: isolates end
 * between any two steps. no-cron: the cron does not come. config: a broken or changed configuration. receiver: a
 * receiver in trouble. schema: the code is deployed before its last migration. deploy: the version before serves until then.
 * time-travel: the database goes back half an hour.
 */
export const FAULT_KINDS = [
  'd1',
  'full',
  'filling',
  'queue',
  'r2',
  'cuts',
  'no-cron',
  'config',
  'receiver',
  'schema',
  'deploy',
  'time-travel',
] as const
export type FaultKind = (typeof FAULT_KINDS)[number]

/** A message that a schedule sends beside those of everyday life. `person` is a customer of Hapana. */
export type ExtraSend = {
  at: number
  person: number
  kind: 'status' | 'purchase' | 'checkin' | 'profile' | 'mail'
  /** How many of them, as one list; one by itself unless set. */
  list?: number
}

export type Schedule = {
  seed: number
  days: number
  /** Days at the end without faults and messages, for all to drain. */
  fairDays: number
  isolates: number
  people: number
  /** Messages of a person a day, on average. */
  perDay: number
  targets: string[]
  faults: Fault[]
  sends?: ExtraSend[]
  /** How far the clocks of isolates are off at most. */
  skewMs?: number
  plan?: 'free'
  /** The relay has an archive: of what was spilled, and for its packs. */
  archive?: boolean
  /** HOT_DAYS: after so many days settled events are packed. */
  hotDays?: number
}

/** The name of a fault in a story. */
export function nameOf({ kind, on, how, share }: Fault): string {
  const part = share === undefined || share === 1 ? '' : `${Math.round(share * 100)} % of calls`
  return [kind, on, how, part].filter(Boolean).join(' ')
}

export type ReceiverHow = ReceiverTrouble['how']
