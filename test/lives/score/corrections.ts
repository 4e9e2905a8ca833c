// Events that say that an earlier one was something else, and those that say that a plan was changed.
import type { Delivered, Event } from '../truth.ts'
import type { Book } from './book.ts'
import { claimsOf, count, type Verdict } from './claims.ts'
import type { Score } from './score.ts'

/** What an event says, in the words of a correction. */
type Told = { type?: string; reason?: string; kind?: string }

export function scoreCorrections(book: Book, score: Score): void {
  for (const one of book.got.values()) {
    if (one.event.type.endsWith('.corrected')) scoreCorrection(one, book, score)
    if (one.event.type === 'subscription.plan_changed') scoreSwitch(one.event, book, score)
  }
  scoreUntold(book, score)
}

function scoreCorrection({ target, event }: Delivered, book: Book, score: Score): void {
  const { corrects = '', was = {}, is = {} } = event.data as Correction
  const arrival = book.byEvent.get(corrects)
  if (arrival === undefined) {
    score.add('corrections of unknown events')
    return
  }
  const { n, truth } = arrival.message
  const verdict = verdictOf(claimsOf(asEvent(event, is), truth).map(({ verdict }) => verdict))
  const confidence = event.data.inference?.confidence ?? 'certain'
  const what = truth.what
  count(score, { field: 'correction', claimed: wordsOf(is), confidence, verdict, what }, n)
  score.add(`corrections to ${target}`)
  const told = toldBefore({ target, event, corrects }, book)
  const wrong = wrongOf(told, { was, is })
  if (wrong)
    score.find(
      wrong,
      `${target} was told ${wordsOf(told)}; was ${wordsOf(was)}, is ${wordsOf(is)}`,
      [n],
    )
}

type Correction = { corrects?: string; was?: Told; is?: Told }

function verdictOf(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes('wrong')) return 'wrong'
  return verdicts.includes('right') ? 'right' : 'open'
}

/** What is wrong with a correction beside what it says, as its target sees it. */
export function wrongOf(
  told: Told | undefined,
  { was, is }: { was: Told; is: Told },
): string | undefined {
  if (told === undefined) return 'correction-unasked'
  if (isSame(told, is)) return 'correction-needless'
  return isSame(told, was) ? undefined : 'correction-was'
}

/** What a target was last told about an event before a correction, or at all where it came first. */
function toldBefore(
  { target, event, corrects }: { target: string; event: Event; corrects: string },
  { story }: Book,
): Told | undefined {
  let told: Told | undefined
  for (const one of story.delivered) {
    if (one.target !== target) continue
    if (one.event.id === event.id && told) return told
    if (one.event.id === corrects) told ??= saidBy(one.event)
    else if (one.event.data.corrects === corrects && one.event.id !== event.id && told)
      told = one.event.data.is as Told
  }
  return told
}

function saidBy({ type, data }: Event): Told {
  const { reason, payment } = data as { reason?: string; payment?: { kind?: string } }
  return {
    type,
    ...(reason === undefined ? {} : { reason }),
    ...(payment?.kind === undefined ? {} : { kind: payment.kind }),
  }
}

/** A correction read as the event that it says the earlier one is. */
function asEvent(event: Event, { type = '', reason, kind }: Told): Event {
  return {
    ...event,
    type,
    data: { ...event.data, reason, payment: kind === undefined ? undefined : { kind } },
  }
}

const isSame = (one: Told, other: Told) =>
  (['type', 'reason', 'kind'] as const).every(
    (key) => other[key] === undefined || one[key] === undefined || one[key] === other[key],
  )

const wordsOf = ({ type, reason, kind }: Told = {}) =>
  [type, reason ?? kind].filter((word) => word !== undefined).join(' ')

/** Right where the two events that it rests on are the halves of one switch. */
function scoreSwitch(event: Event, book: Book, score: Score): void {
  const { confidence = 'certain', evidence = [] } = event.data.inference ?? {}
  const halves = evidence.flatMap((id) => book.byEvent.get(id)?.message ?? [])
  const [switchId] = halves.map(({ truth }) => truth.switchId)
  const isRight =
    halves.length >= 2 &&
    switchId !== undefined &&
    halves.every(({ truth }) => truth.switchId === switchId)
  const what = halves.map(({ truth }) => truth.what).join(' + ')
  const verdict = isRight ? 'right' : confidence === 'none' ? 'open' : 'wrong'
  const [first] = halves
  count(score, { field: 'type', claimed: event.type, confidence, verdict, what }, first?.n ?? -1)
  if (isRight) score.add('switches told')
}

/** Switches of which both halves arrived. */
function scoreUntold({ ofMessage }: Book, score: Score): void {
  const halves = [...ofMessage.keys()].filter(({ truth }) => truth.switchId !== undefined)
  const switches = Map.groupBy(halves, ({ contact, truth }) => `${contact} ${truth.switchId}`)
  score.add('switches', [...switches.values()].filter((list) => list.length === 2).length)
}
