// Which of the things that need attention are to be told to targets now: what is new, and what is over.
import type { NewSystemEvent } from '../events/system-event.ts'
import { formatInstant } from '../events/time.ts'
import { HOUR_MS } from '../period.ts'
import type { Attention } from './attention/entry.ts'

/** Something that was told. `name`: empty where it is about no target or source. Times in epoch milliseconds. */
export type Issue = {
  cause: string
  name: string
  about: string
  words: string
  openedAt: number
  /** When the last event about it was recorded. */
  toldAt: number
  isOpen: boolean
}

/** An issue as it is to be written, what it was before, and the event that tells it. */
export type Change = { issue: Issue; before: Issue | undefined; event: NewSystemEvent }

/** A target's own state is told by events of its own. */
const TOLD_OTHERWISE = 'target_state'

/**
 * What opens and what closes at `now`. At most one event an hour for each cause and name: what comes and goes is told when
 * the hour is over, if it then differs. `isComplete`: whether `entries` are all; else nothing closes.
 */
export function changesOf(
  entries: readonly Attention[],
  issues: readonly Issue[],
  isComplete: boolean,
  now: number,
): Change[] {
  const present = entries.filter(({ cause }) => cause !== TOLD_OTHERWISE)
  const isTold = (issue: Issue | undefined) => issue !== undefined && now - issue.toldAt < HOUR_MS
  const find = (cause: string, name: string) =>
    issues.find((issue) => issue.cause === cause && issue.name === name)
  const opened = present.flatMap(({ cause, about, name, words }) => {
    const before = find(cause, name ?? '')
    if (before?.isOpen || isTold(before)) return []
    const times = { openedAt: now, toldAt: now, isOpen: true }
    return [changeTo({ cause, name: name ?? '', about, words, ...times }, before)]
  })
  const isPresent = ({ cause, name }: Issue) =>
    present.some((entry) => entry.cause === cause && (entry.name ?? '') === name)
  const closed = issues
    .filter((issue) => isComplete && issue.isOpen && !isTold(issue) && !isPresent(issue))
    .map((issue) => changeTo({ ...issue, toldAt: now, isOpen: false }, issue))
  return [...opened, ...closed]
}

function changeTo(issue: Issue, before: Issue | undefined): Change {
  const { cause, about, name, words, openedAt, isOpen } = issue
  const data = {
    cause,
    about,
    name: name === '' ? null : name,
    words,
    opened_at: formatInstant(openedAt),
  }
  const type = isOpen ? 'relay.issue_opened' : 'relay.issue_closed'
  return { issue, before, event: { type, data } }
}
