// What needs an operator's attention, as text for the console and the command line.
import { clockTime, pluralize } from '../text.ts'
import { type SpillStatus, spillAttention } from './spill-attention.ts'

/** Targets, sources, causes of quarantine and the ledger, as the API returns them. Times in RFC 3339. */
type SystemStatus = {
  targets: readonly TargetStatus[]
  sources: readonly SourceStatus[]
  causes: readonly { count: number }[]
  /** Whether `causes` is only the first page. */
  areMoreCauses: boolean
  ledger: { differences: readonly string[]; spill: SpillStatus | null }
}
type TargetStatus = {
  name: string
  state: string
  reason: string | null
  failing_since: string | null
  next_probe_at: string | null
  figures: {
    backlog: { pending: number; retrying: number; held: number }
    last_failure: { status: number | null; outcome: string } | null
  } | null
}
type SourceStatus = {
  name: string
  state: string
  reason: string | null
  figures: { last_seen: string | null; unusually_silent: boolean } | null
}

/** Something that needs attention. `about` and `name` select the page of the console; `words` is a sentence. */
export type Attention = {
  about: 'target' | 'source' | 'quarantine' | 'ledger' | 'spill'
  name: string | null
  words: string
}

/** What needs attention, the most urgent first. `now` in epoch milliseconds. */
export function attentionOf(
  { targets, sources, causes, areMoreCauses, ledger }: SystemStatus,
  now: number,
): Attention[] {
  const quarantined = causes.reduce((sum, { count }) => sum + count, 0)
  return [
    ...targets.flatMap((target) => targetAttention(target, now)),
    ...sources.flatMap((source) => sourceAttention(source, now)),
    ...(quarantined === 0
      ? []
      : [
          about(
            'quarantine',
            null,
            `${pluralize(quarantined, 'message')}${areMoreCauses ? ' or more' : ''} in quarantine.`,
          ),
        ]),
    ...ledger.differences.map((difference) =>
      about('ledger', null, `The ledger is not balanced: ${difference}.`),
    ),
    ...spillAttention(ledger.spill, now).map((words) => about('spill', null, words)),
  ]
}

function about(what: Attention['about'], name: string | null, words: string): Attention {
  return { about: what, name, words }
}

/** The states of a target that gets no deliveries, as predicates. */
const STATES: Record<string, string> = {
  backing_off: 'is backing off',
  paused: 'is paused',
  failing: 'is stopped after days of failures',
  gone: 'answered 410 Gone',
  broken: 'has a configuration error',
}

function targetAttention(
  { name, state, reason, failing_since, next_probe_at, figures }: TargetStatus,
  now: number,
): Attention[] {
  if (state === 'active' || state === 'disabled') return []
  const { held = 0, retrying = 0 } = figures?.backlog ?? {}
  const { status, outcome } = figures?.last_failure ?? {}
  const answer = outcome === undefined ? '' : ` with ${status ?? outcome}`
  const problem =
    failing_since === null
      ? (STATES[state] ?? `is ${state}`)
      : `has been failing since ${clockTime(failing_since, now)}${answer}` +
        (state === 'backing_off' ? '' : `, and ${STATES[state] ?? `is ${state}`}`)
  const waiting = held + retrying
  const parts = [
    waiting === 0 ? [] : [`${pluralize(waiting, 'delivery is', 'deliveries are')} waiting`],
    next_probe_at === null ? [] : [`next probe ${clockTime(next_probe_at, now)}`],
  ].flat()
  const why = reason === null ? [] : [reason]
  const words = [`${name} ${problem}`, ...[[...why, ...parts].join('; ')].filter(Boolean)]
  return [about('target', name, `${words.join(': ')}.`)]
}

function sourceAttention({ name, state, reason, figures }: SourceStatus, now: number): Attention[] {
  if (state === 'broken') {
    return [about('source', name, `The source ${name} has a configuration error: ${reason}.`)]
  }
  if (!figures?.unusually_silent || figures.last_seen === null) return []
  const since = clockTime(figures.last_seen, now)
  const words = `The source ${name} has been silent since ${since}, longer than ever in the weeks before.`
  return [about('source', name, words)]
}
