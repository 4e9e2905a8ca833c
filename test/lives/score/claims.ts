// What events claim, against what is true: types, kinds of payments, reasons of ends.
import type { Event, Truth } from '../truth.ts'
import type { Book } from './book.ts'
import type { Score } from './score.ts'

export type Verdict = 'right' | 'wrong' | 'open'

export type Claim = {
  field: 'type' | 'kind' | 'reason'
  claimed: string
  confidence: string
  verdict: Verdict
}

/** The types that are certain by the vendor's own type: what an inference in them is about is another field. */
const CERTAIN = ['payment.created', 'subscription.ended']

/** The claims of an event, judged by the truth. What a claim leaves open is not wrong. */
export function claimsOf(event: Event, truth: Truth): Claim[] {
  const { data, type } = event
  const inferred = data.inference?.confidence
  const ofType = CERTAIN.includes(type) ? 'certain' : (inferred ?? 'certain')
  const claims: Claim[] = [
    { field: 'type', claimed: type, confidence: ofType, verdict: judgeType(type, ofType, truth) },
  ]
  const confidence = inferred ?? 'certain'
  const kind = (data.payment as { kind?: string } | undefined)?.kind
  if (kind !== undefined && truth.kinds) {
    claims.push({
      field: 'kind',
      claimed: kind,
      confidence,
      verdict: judge(kind, confidence, truth.kinds),
    })
  }
  const reason = data.reason as string | undefined
  if (reason !== undefined && truth.reason && type === 'subscription.ended') {
    claims.push({
      field: 'reason',
      claimed: reason,
      confidence,
      verdict: judge(reason, confidence, [truth.reason]),
    })
  }
  return claims
}

function judgeType(type: string, confidence: string, { types, open = [] }: Truth): Verdict {
  if (types.includes(type)) return 'right'
  return open.includes(type) || confidence === 'none' ? 'open' : 'wrong'
}

function judge(claimed: string, confidence: string, right: readonly string[]): Verdict {
  if (claimed === 'unknown' || confidence === 'none') return 'open'
  return right.includes(claimed) ? 'right' : 'wrong'
}

/** Each event that a target got of a message, at the moment when it got it. */
export function scoreClaims(book: Book, score: Score): void {
  for (const { target, event } of book.got.values()) {
    const arrival = book.byEvent.get(event.id)
    if (arrival === undefined) continue
    const { message } = arrival
    // What is said to be a possible repeat, and is one, claims nothing new.
    const isRepeat = book.ofMessage.get(message)?.[0] !== arrival
    if (isRepeat && event.possibleduplicate) continue
    for (const claim of claimsOf(event, message.truth)) {
      // The other target gets ends when they have settled: only their reason is another one there.
      if (target !== 'ledger' && claim.field !== 'reason') continue
      const field = target === 'ledger' ? claim.field : `settled ${claim.field}`
      count(score, { ...claim, field, what: message.truth.what }, message.n)
    }
  }
}

type Counted = Omit<Claim, 'field'> & { field: string; what: string }

/** Counts a claim in its matrix, and tells of it where it is wrong. */
export function count(
  score: Score,
  { field, claimed, confidence, verdict, what }: Counted,
  n: number,
): void {
  score.add(['claim', field, claimed, confidence, verdict, what].join('|'))
  if (verdict === 'wrong')
    score.find(
      `${field}:${claimed}:${confidence}`,
      `claimed ${claimed} (${confidence}), true is ${what}`,
      [n],
    )
}
