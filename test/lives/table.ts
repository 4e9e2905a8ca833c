// The table of docs/events.md: what is inferred, and how often it is right.
import { readFileSync, writeFileSync } from 'node:fs'
import { UserError } from '../../src/cli/user-error.ts'
import { claimsBy, percent, sum } from './goals.ts'

export const MARKERS = ['<!-- lives: begin -->', '<!-- lives: end -->'] as const

type Counts = Record<string, number>

/** The fields that are inferred, and what they are called in the table. */
const FIELDS: Record<string, string> = {
  type: '',
  kind: '`payment.kind` ',
  reason: '`reason` ',
  'settled reason': '`reason` after 15 minutes ',
  correction: 'a correction to ',
}

/** Writes the table between the markers of a page. */
export function writeTable(file: string, counts: Counts): void {
  const text = readFileSync(file, 'utf8')
  const [begin, end] = MARKERS
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from < 0 || to < from) throw new UserError(`${file} needs the lines ${begin} and ${end}.`)
  const table = tableOf(counts).join('\n')
  writeFileSync(file, `${text.slice(0, from + begin.length)}\n${table}\n${text.slice(to)}`)
}

/** The lines of the table. */
export function tableOf(counts: Counts): string[] {
  const by = { strong: claimsBy(counts, 'strong'), likely: claimsBy(counts, 'likely') }
  const names = [...new Set([...by.strong.keys(), ...by.likely.keys()])].sort()
  const cell = (confidence: 'strong' | 'likely', name: string) => {
    const { right = 0, wrong = 0 } = by[confidence].get(name) ?? {}
    return right + wrong === 0 ? '' : `${percent(right, right + wrong)} of ${right + wrong}`
  }
  const rows = names.map(
    (name) => `| ${wordsOf(name)} | ${cell('strong', name)} | ${cell('likely', name)} |`,
  )
  return [
    `Measured by \`npm run lives\` over ${counts.lives} lives with ${counts['true events']} true events:`,
    ...['', '| claim | *strong*: right | *likely*: right |', '| --- | --- | --- |', ...rows, ''],
    ...sentences(counts),
  ]
}

function wordsOf(name: string): string {
  const field =
    Object.keys(FIELDS)
      .sort((a, b) => b.length - a.length)
      .find((one) => name.startsWith(`${one} `)) ?? ''
  return `${FIELDS[field] ?? ''}\`${name.slice(field.length + 1)}\``
}

function sentences(counts: Counts): string[] {
  const of = (name: string) => counts[name] ?? 0
  const open = sum(counts, (name) => /^claim\|(type|kind|reason)\|.*\|open\|/.test(name))
  const eaten = sum(counts, (name) => name.startsWith('found|eaten:'))
  const repeats = sum(counts, (name) => name.startsWith('found|repeat:'))
  const within = of('found|joined-within') + of('found|joined-publishers')
  return [
    `${open} claims were left open (*none* or \`unknown\`). Of the true events, ${eaten} were taken for repeats, beside ${of('true events that equal another to the byte')} that equal another to the byte. Of ${of('repeats')} repeats,`,
    `${repeats + of('repeats beyond knowledge, told unmarked')} were delivered unmarked; nothing could tell for ${of('repeats beyond knowledge, told unmarked')} of them. Different humans were joined`,
    `${within} times within one vendor, and ${of('found|joined-across')} times in ${of('pairs joined across')} joins across vendors`,
    `(${of('different humans joined across without a name')} of them where one of the two never states a name). Of the same humans at two vendors with an own address in common,`,
    `${percent(of('same humans found'), of('same humans at two vendors, by an own address'))} were found.`,
  ]
}
