// What needs an operator's attention, as text for the console and the command line.
import { clockTime, pluralize } from '../text.ts'
import { type SpillStatus, spillAttention } from './spill-attention.ts'

/** Targets, sources, causes of quarantine and the ledger, as the API returns them. Times in RFC 3339. */
type SystemStatus = {
  /** Why names of sources or targets cannot be read, each with its path. */
  unreadable: readonly string[]
  targets: readonly TargetStatus[]
  sources: readonly SourceStatus[]
  causes: readonly { count: number }[]
  /** Whether `causes` is only the first page. */
  areMoreCauses: boolean
  ledger: {
    differences: readonly string[]
    spill: SpillStatus | null
    retention: { shortened: { days: number; raw_days: number; from: string } | null }
  }
}
type TargetStatus = {
  name: string
  state: string
  reason: string | null
  held_until: string | null
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
  about: 'configuration' | 'target' | 'source' | 'quarantine' | 'ledger' | 'spill'
  name: string | null
  words: string
}

/** What needs attention, the most urgent first. `now` in epoch milliseconds. */
export function attentionOf(
  { unreadable, targets, sources, causes, areMoreCauses, ledger }: SystemStatus,
  now: number,
): Attention[] {
  const quarantined = causes.reduce((sum, { count }) => sum + count, 0)
  return [
    ...unreadable.map(unreadableAttention),
    ...retentionAttention(ledger.retention.shortened, now),
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

function unreadableAttention(why: string): Attention {
  const words = `The configuration cannot be read: ${why}. What may be missing from it is held.`
  return about('configuration', null, words)
}

function retentionAttention(
  shortened: SystemStatus['ledger']['retention']['shortened'],
  now: number,
): Attention[] {
  if (shortened === null) return []
  const { days, raw_days, from } = shortened
  const words =
    `The retention was shortened to ${days} days, that of payloads to ${raw_days}: from ${clockTime(from, now)} on, what is ` +
    'older is deleted for good.'
  return [about('configuration', null, words)]
}

/** The states of a target that gets no deliveries, as predicates. */
const STATES: Record<string, string> = {
  backing_off: 'is backing off',
  paused: 'is paused',
  failing: 'is stopped after days of failures',
  gone: 'answered 410 Gone',
  broken: 'has a configuration error',
  unknown: 'is unknown',
}

function targetAttention(
  { name, state, reason, held_until, failing_since, next_probe_at, figures }: TargetStatus,
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
    held_until === null ? [] : [`held until ${clockTime(held_until, now)}`],
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
