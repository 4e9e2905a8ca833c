// The relay's own API: its ledger and its log.
import type { Attempt } from '../../src/core/deliveries/delivery.ts'
import { KEY } from './config.ts'
import { RELAY } from './ports.ts'

export type LedgerSource = {
  source: string
  received: number
  accepted: number
  quarantined: number
  duplicate: number
}
export type LedgerTarget = { target: string; created: number } & Record<
  'delivered' | 'pending' | 'retrying' | 'held' | 'dead' | 'cancelled',
  number
>
export type Ledger = {
  adds_up: boolean
  /** Null when the queue does not report it. */
  spilled: number | null
  sources: LedgerSource[]
  targets: LedgerTarget[]
}

/** An event of the log with its deliveries; `due` as RFC 3339. */
export type LoggedEvent = {
  id: string
  status: 'accepted' | 'quarantined' | 'duplicate'
  matched: { id: string } | null
  deliveries: {
    target: string
    state: string
    reason: string | null
    due: string | null
    attempts: Attempt[]
  }[]
}

/** Longer than any run, shorter than the longest delay that a receiver may ask for. */
const PERIOD = '24h'

export async function readLedger(): Promise<Ledger> {
  return (await get(`/api/ledger?since=${PERIOD}`)) as Ledger
}

/** All differences between ledger and log that the relay finds, as sentences. */
export async function listDifferences(): Promise<string[]> {
  const found: string[] = []
  for (let since: string | null = PERIOD; since !== null; ) {
    const path: string = `/api/ledger/differences?since=${encodeURIComponent(since)}`
    const page = (await get(path)) as { differences: string[]; next: string | null }
    found.push(...page.differences)
    since = page.next
  }
  return found
}

/** The status of every event of the log, by its id. */
export async function listLog(): Promise<Map<string, string>> {
  const log = new Map<string, string>()
  for (let next: string | null = ''; next !== null; ) {
    const path: string = `/api/events?limit=200${next && `&next=${next}`}`
    const page = (await get(path)) as { events: LoggedEvent[]; next: string | null }
    for (const { id, status } of page.events) log.set(id, status)
    next = page.next
  }
  return log
}

/** An event of the log; undefined when no event has that id. */
export async function readEvent(id: string): Promise<LoggedEvent | undefined> {
  return (await get(`/api/events/${id}`, true)) as LoggedEvent | undefined
}

async function get(path: string, mayBeMissing = false): Promise<unknown> {
  const response = await fetch(`${RELAY}${path}`, { headers: { authorization: `Bearer ${KEY}` } })
  if (response.ok) return response.json()
  await response.body?.cancel()
  if (mayBeMissing && response.status === 404) return undefined
  throw new Error(`GET ${path} was answered ${response.status}`)
}
