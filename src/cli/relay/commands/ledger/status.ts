// `status`: a health summary that begins with the problems.
import { Command } from 'commander'
import { type RelayView, relayLines } from '../../../../core/operate/relay-lines.ts'
import type { SetStatus } from '../../../command-line.ts'
import { painted } from '../../../table.ts'
import { type Answer, type Api, answerOf, apiOf, type GlobalOptions } from '../../client.ts'
import { type Column, shortTime, tableOf } from '../../columns.ts'
import { print, printable } from '../../output.ts'
import { stateColour } from '../../states.ts'

type Targets = Answer<Awaited<ReturnType<Api['targets']['$get']>>>
type Sources = Answer<Awaited<ReturnType<Api['sources']['$get']>>>
type Ledger = Answer<Awaited<ReturnType<Api['ledger']['$get']>>>
type Status = {
  attention: string[]
  as_of: string | null
  sources: Sources['sources']
  targets: Targets['targets']
  ledger: Ledger | null
  relay: RelayView
}

/** The command. The exit status is 1 if something needs attention. */
export function statusCommand(setStatus: SetStatus): Command {
  return new Command('status')
    .description('health summary; exit status 1 if something needs attention')
    .action(async (_options, command: Command) => {
      const status = await readStatus(apiOf(command))
      const { json } = command.optsWithGlobals<GlobalOptions>()
      if (json) print(command, status, () => '')
      else console.log(textOf(status, Date.now()))
      setStatus(status.attention.length === 0 ? 0 : 1)
    })
}

/** When D1 does not answer, the rest cannot be read either: the list says so. */
async function readStatus(api: Api): Promise<Status> {
  const { attention: entries, role: _, ...relay } = await answerOf(api.attention.$get())
  const attention = entries.map(({ words }) => words)
  const nothing = { attention, as_of: null, sources: [], targets: [], ledger: null, relay }
  if (entries.some(({ cause }) => cause === 'unreadable')) return nothing
  const [{ as_of, targets }, { sources }, ledger] = await Promise.all([
    answerOf(api.targets.$get()),
    answerOf(api.sources.$get()),
    answerOf(api.ledger.$get({ query: { since: '24h' } })),
  ])
  return { attention, as_of, sources, targets, ledger, relay }
}

/** The summary. Its parts are cleaned one by one, since it has colours. */
function textOf(status: Status, now: number): string {
  const { attention, relay, ledger } = status
  const lines = relayLines(relay)
  const width = Math.max(...lines.map(([name]) => name.length))
  return [
    ...(attention.length === 0
      ? [painted('green', 'All is well.')]
      : attention.map((line) => painted('red', `! ${printable(line)}`))),
    '',
    ...(ledger === null ? [] : [figures(status, ledger, now), '']),
    ...lines.map(([name, line]) => printable(`${name.padEnd(width)}  ${line}`)),
    ...(ledger === null ? [] : ['', age(status)]),
  ].join('\n')
}

type Source = Sources['sources'][number]
type Target = Targets['targets'][number]

function figures({ sources, targets }: Status, ledger: Ledger, now: number): string {
  const receivedBy = (name: string) =>
    ledger.sources.find(({ source }) => source === name)?.received ?? 0
  return [
    tableOf(sourceColumns(receivedBy, now), sources, now),
    '',
    tableOf(targetColumns(now), targets, now),
  ].join('\n')
}

const sourceColumns = (receivedBy: (name: string) => number, now: number): Column<Source>[] => [
  { name: 'source', value: ({ name }) => name, isCut: true },
  { name: 'state', value: ({ state }) => state, paint: stateColour },
  { name: 'last seen', value: ({ figures }) => lastSeen(figures, now), isTime: true },
  { name: 'received (24 h)', value: ({ name }) => receivedBy(name) },
  { name: 'ingest URL', value: ({ ingest_url }) => ingest_url },
]

const targetColumns = (now: number): Column<Target>[] => [
  { name: 'target', value: ({ name }) => name, isCut: true },
  { name: 'state', value: ({ state }) => state, paint: stateColour },
  { name: 'backlog', value: ({ figures }) => backlogOf(figures) },
  { name: 'last success', value: ({ figures }) => figures?.last_success?.at, isTime: true },
  { name: 'last failure', value: ({ figures }) => lastFailure(figures, now), isTime: true },
  { name: 'delivered (24 h)', value: ({ figures }) => deliveredOf(figures) },
  { name: 'p95', value: ({ figures }) => responseTime(figures) },
]

/** How old the figures are. */
function age({ as_of }: Status): string {
  return as_of === null
    ? 'Figures are available after the first minute; "received" is current and includes test events.'
    : `Updated ${as_of}; "received" is current and includes test events, "last seen" leaves them out.`
}

/** The last event of a source. A test is shown only if nothing else came in: the vendor did not send it. */
function lastSeen(figures: Source['figures'], now: number): string {
  if (figures === null) return ''
  const { last_seen, last_test } = figures
  if (last_seen !== null) return shortTime(last_seen, now)
  return last_test === null ? 'never' : `${shortTime(last_test, now)} (test)`
}

type Figures = Target['figures']

function backlogOf(figures: Figures): number {
  const { pending = 0, retrying = 0, held = 0 } = figures?.backlog ?? {}
  return pending + retrying + held
}

function lastFailure(figures: Figures, now: number): string {
  const { at, status, outcome } = figures?.last_failure ?? {}
  return at === undefined ? '' : `${shortTime(at, now)} (${status ?? outcome})`
}

function deliveredOf(figures: Figures): string {
  return figures === null ? '' : `${figures.last_day.delivered} of ${figures.last_day.attempts}`
}

function responseTime(figures: Figures): string {
  const p95 = figures?.last_day.answer_ms.p95 ?? null
  return p95 === null ? '' : `${p95} ms`
}
