// Sources, targets and the ledger as pages show them: as the API returns them. Times are RFC 3339.
import type { Ledger } from '../core/ledger/ledger.ts'
import type { SpillStatus } from '../core/operate/attention/spill.ts'

export type LedgerView = Ledger & {
  differences: readonly string[]
  spilled: number | null
  spill: SpillStatus | null
}

export type SourceView = {
  name: string
  vendor: string | null
  state: string
  reason: string | null
  ingest_url: string
  header: string | null
  signed: boolean
  figures: {
    last_seen: string | null
    last_test: string | null
    last_hour: Record<string, number>
    last_day: Record<string, number>
    usual_this_hour: number | null
    longest_silence_hours: number | null
    unusually_silent: boolean
    refused: readonly { cause: string; count: number; last_at: string }[]
  } | null
}

type LastAttempt = { at: string | null; outcome: string; status: number | null } | null

export type TargetView = {
  name: string
  state: string
  reason: string | null
  held_until: string | null
  failures: number
  failing_since: string | null
  next_probe_at: string | null
  figures: {
    backlog: { pending: number; retrying: number; held: number }
    oldest_due: string | null
    oldest_held: string | null
    last_success: LastAttempt
    last_failure: LastAttempt
    last_day: {
      attempts: number
      delivered: number
      answer_ms: { p50: number | null; p95: number | null; p99: number | null }
    }
  } | null
}
