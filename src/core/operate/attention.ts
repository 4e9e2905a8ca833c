// What needs attention, in words: the same on the command line and in the console.
import { clockTime, pluralize } from '../text.ts'

/** What is looked at: targets, sources, causes and the ledger as the API shows them. Times as RFC 3339. */
export type SystemStatus = {
  targets: readonly TargetStatus[]
  sources: readonly SourceStatus[]
  causes: readonly { count: number }[]
  /** Whether there are more causes than these. */
  areMoreCauses: boolean
  ledger: { differences: readonly string[]; spilled: number | null }
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

/** What it is about, where the console has a page for it, and the words. */
export type Attention = {
  about: 'target' | 'source' | 'quarantine' | 'ledger' | 'spill'
  name: string | null
  words: string
}

/** What needs attention, the gravest first; nothing when all is well. `now` in epoch milliseconds. */
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
      about('ledger', null, `The ledger does not add up: ${difference}.`),
    ),
    ...(ledger.spilled
      ? [
          about(
            'spill',
            null,
            `${pluralize(ledger.spilled, 'request waits', 'requests wait')} in the spill queue.`,
          ),
        ]
      : []),
  ]
}

function about(what: Attention['about'], name: string | null, words: string): Attention {
  return { about: what, name, words }
}

/** How a target that gets nothing is told of. */
const STATES: Record<string, string> = {
  open: 'is given rest',
  paused: 'is paused',
  failing: 'was given up on after days of failures',
  gone: 'said that it is gone (410)',
  broken: 'is not configured completely',
}

function targetAttention(
  { name, state, reason, failing_since, next_probe_at, figures }: TargetStatus,
  now: number,
): Attention[] {
  if (state === 'active' || state === 'disabled') return []
  const { held = 0, retrying = 0 } = figures?.backlog ?? {}
  const { status, outcome } = figures?.last_failure ?? {}
  const answer = outcome === undefined ? '' : ` with ${status ?? outcome}`
  const refusal =
    failing_since === null
      ? (STATES[state] ?? `is ${state}`)
      : `has been refusing since ${clockTime(failing_since, now)}${answer}` +
        (state === 'open' ? '' : `, and ${STATES[state] ?? `is ${state}`}`)
  const waiting = held + retrying
  const parts = [
    waiting === 0 ? [] : [`${pluralize(waiting, 'delivery is', 'deliveries are')} waiting`],
    next_probe_at === null ? [] : [`next try ${clockTime(next_probe_at, now)}`],
  ].flat()
  const why = reason === null ? [] : [reason]
  const words = [`${name} ${refusal}`, ...[[...why, ...parts].join('; ')].filter(Boolean)]
  return [about('target', name, `${words.join(': ')}.`)]
}

function sourceAttention({ name, state, reason, figures }: SourceStatus, now: number): Attention[] {
  if (state === 'broken') {
    return [about('source', name, `The source ${name} is not configured completely: ${reason}.`)]
  }
  if (!figures?.unusually_silent || figures.last_seen === null) return []
  const since = clockTime(figures.last_seen, now)
  const words = `The source ${name} has been silent since ${since}, for longer than ever in the weeks before.`
  return [about('source', name, words)]
}
