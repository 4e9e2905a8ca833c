// What a run prints.
import type { Result, Verdicts } from './measure.ts'
import { versionOf } from './receiver.ts'

/** One line for a receiver, and one for each problem. */
export function lineOf(result: Result): string {
  const { receiver, problems, fields, limit } = result
  const parts = [
    result.defaults && `defaults ${wordsOf(result.defaults)}`,
    limit !== undefined && `limit ${limit}`,
    result.recipe && `recipe ${wordsOf(result.recipe)}`,
    fields && `fields ${wordsOf(fields)}`,
  ].filter(Boolean)
  const mark = problems.length === 0 ? 'ok   ' : 'WRONG'
  const line = `${mark} ${receiver.title} ${versionOf(receiver)}: ${parts.join('; ')}`
  return [line, ...problems.map((problem) => `      ${problem}`)].join('\n')
}

/** How many receivers get what they should. */
export function summaryOf(results: readonly Result[]): string {
  const frameworks = results.filter(({ receiver }) => receiver.kind === 'framework')
  const good = frameworks.filter(({ problems }) => problems.length === 0)
  const others = results.filter(({ receiver }) => receiver.kind !== 'framework')
  const goodOthers = others.filter(({ problems }) => problems.length === 0)
  return `${good.length} of ${frameworks.length} frameworks and ${goodOthers.length} of ${others.length} libraries and snippets get what they should.`
}

/** The verdicts, those that are the event in one number. */
function wordsOf(verdicts: Verdicts): string {
  // A changed body is refused: any other verdict of it is among the problems.
  const all = Object.entries(verdicts).filter(([name]) => name !== 'changed')
  const events = all.filter(([, verdict]) => verdict === 'event').length
  const others = all.filter(([, verdict]) => verdict !== 'event')
  return [
    `${events}/${all.length}`,
    ...others.map(([name, verdict]) => `${name}: ${verdict}`),
  ].join(', ')
}
