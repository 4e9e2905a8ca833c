// The report of a run: figures, matrices, and goals.
import { claimsBy, type Goal, percent, sum } from './goals.ts'

type Counts = Record<string, number>

/** The report in lines. */
export function reportOf(counts: Counts, goals: readonly Goal[]): string[] {
  return [
    ...[...figures(counts), '', ...matrices(counts), '', ...inTheEnd(counts), ''],
    ...[...others(counts), '', ...verdicts(goals)],
  ]
}

function figures(counts: Counts): string[] {
  const of = (name: string) => counts[name] ?? 0
  const eaten = sum(counts, (name) => name.startsWith('found|eaten:'))
  const repeated = sum(counts, (name) => name.startsWith('found|repeat:'))
  return [
    `${of('lives')} lives in ${of('worlds')} worlds: ${of('true events')} true events, of which ${eaten} were eaten, ${of('true events that equal another to the byte')} equal another to the byte and count as its repeat, ${of('true events quarantined')} quarantined and ${of('true events marked as possible repeats')} marked as possible repeats`,
    `${of('repeats')} repeats: ${of('repeats recognised')} recognised, ${of('repeats marked')} marked, ${repeated} told unmarked, ${of('repeats beyond knowledge, told unmarked')} told unmarked where nothing could tell`,
    `people: ${of('found|joined-within')} pairs of different humans joined within an account, ${of('found|joined-publishers')} at two publishers, ${of('found|joined-brands')} in two brands of one source, ${of('found|joined-across')} of ${of('pairs joined across')} pairs across vendors; ${of('same humans found')} of ${of('same humans at two vendors, by an own address')} found by an own address`,
    `plan switches: ${of('switches told')} of ${of('switches')} told`,
  ]
}

/** Each claim by its confidence, how often it is right, and what was true. */
function matrices(counts: Counts): string[] {
  return ['certain', 'strong', 'likely', 'none'].flatMap((confidence) => {
    const lines = [...claimsBy(counts, confidence)].map(([claim, { right, wrong, open }]) => {
      const share =
        right + wrong > 0 ? `${percent(right, right + wrong)} right of ${right + wrong}` : ''
      const left = open > 0 ? `${open} open` : ''
      return `  ${claim.padEnd(50)} ${[share, left].filter(Boolean).join(', ').padEnd(28)} ${truthsOf(counts, claim, confidence)}`
    })
    return lines.length === 0
      ? []
      : [`claims that are ${confidence === 'none' ? 'left open' : confidence}:`, ...lines]
  })
}

function truthsOf(counts: Counts, claim: string, confidence: string): string {
  return Object.entries(counts)
    .map(([name, count]) => ({ parts: name.split('|'), count }))
    .filter(
      ({ parts: [what, field, claimed, how] }) =>
        what === 'claim' && `${field} ${claimed}` === claim && how === confidence,
    )
    .sort((a, b) => b.count - a.count)
    .map(({ parts, count }) => `${parts[4] === 'wrong' ? '✗ ' : ''}${parts[5]} ${count}`)
    .join(', ')
}

/** Of each reason, how often it is known when all corrections have come. */
function inTheEnd(counts: Counts): string[] {
  const of = (what: string, verdict: string) => counts[`in the end|${what}|${verdict}`] ?? 0
  const named = Object.keys(counts).filter((name) => name.startsWith('in the end|'))
  const lines = [...new Set(named.map((name) => name.split('|')[1] ?? ''))].sort().map((what) => {
    const [right, wrong, open] = ['right', 'wrong', 'open'].map((verdict) => of(what, verdict))
    return `  ${what.padEnd(20)} ${right} right, ${wrong} wrong, ${open} open`
  })
  return ['reasons of ends, when all corrections have come:', ...lines]
}

/** What is counted beside claims, and what is wrong by its kind. */
function others(counts: Counts): string[] {
  const is = (name: string) =>
    /^(first|previous_status|late|not late|amount|corrections)/.test(name)
  const figures = Object.entries(counts)
    .filter(([name]) => is(name))
    .sort()
    .map(([name, count]) => `  ${String(count).padStart(7)} ${name}`)
  const wrong = Object.entries(counts)
    .filter(([name]) => name.startsWith('found|'))
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `  ${String(count).padStart(7)} ${name.slice('found|'.length)}`)
  return [
    'marks, amounts and corrections:',
    ...figures,
    '',
    'wrong, by the kind that --explain takes:',
    ...wrong,
  ]
}

function verdicts(goals: readonly Goal[]): string[] {
  return goals.map(({ name, is, isMet }) => `${isMet ? 'met   ' : 'MISSED'} ${name}: ${is}`)
}
