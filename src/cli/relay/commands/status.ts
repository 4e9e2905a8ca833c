// `status`: a health summary that begins with the problems.
import { Command } from 'commander'
import { type RelayView, relayLines } from '../../../core/operate/relay-lines.ts'
import type { SetStatus } from '../../command-line.ts'
import { table } from '../../table.ts'
import { type Answer, type Api, answerOf, apiOf } from '../client.ts'
import { print } from '../output.ts'

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
      print(command, status, textOf)
      setStatus(status.attention.length === 0 ? 0 : 1)
    })
}

/** When D1 does not answer, the rest cannot be read either: the list says so. */
async function readStatus(api: Api): Promise<Status> {
  const { attention: entries, ...relay } = await answerOf(api.attention.$get())
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

function textOf(status: Status): string {
  const { attention, relay, ledger } = status
  const lines = relayLines(relay)
  const width = Math.max(...lines.map(([name]) => name.length))
  return [
    ...(attention.length === 0 ? ['All is well.'] : attention.map((line) => `! ${line}`)),
    '',
    ...(ledger === null ? [] : [figures(status, ledger), '']),
    ...lines.map(([name, line]) => `${name.padEnd(width)}  ${line}`),
    ...(ledger === null ? [] : ['', age(status)]),
  ].join('\n')
}

function figures({ sources, targets }: Status, ledger: Ledger): string {
  return [
    table(
      ['source', 'state', 'last seen', 'received (24 h)', 'ingest URL'],
      sources.map(({ name, state, ingest_url, figures }) => [
        name,
        state,
        lastSeen(figures),
        ledger.sources.find(({ source }) => source === name)?.received ?? 0,
        ingest_url,
      ]),
    ),
    '',
    table(
      [
        'target',
        'state',
        'backlog',
        'last success',
        'last failure',
        'delivered (24 h)',
        'response time (p95)',
      ],
      targets.map(({ name, state, figures }) => [name, state, ...figureCells(figures)]),
    ),
  ].join('\n')
}

/** How old the figures are. */
function age({ as_of }: Status): string {
  return as_of === null
    ? 'Figures are available after the first minute; "received" is current and includes test events.'
    : `Updated ${as_of}; "received" is current and includes test events, "last seen" leaves them out.`
}

/** The last event of a source. A test is shown only if nothing else came in: the vendor did not send it. */
function lastSeen(figures: Sources['sources'][number]['figures']): string {
  if (figures === null) return ''
  const { last_seen, last_test } = figures
  return last_seen ?? (last_test === null ? 'never' : `${last_test} (test)`)
}

function figureCells(figures: Targets['targets'][number]['figures']): (string | number)[] {
  if (figures === null) return [0, '', '', '', '']
  const { backlog, last_success, last_failure, last_day } = figures
  const { p95 } = last_day.answer_ms
  return [
    backlog.pending + backlog.retrying + backlog.held,
    last_success?.at ?? '',
    last_failure === null
      ? ''
      : `${last_failure.at} (${last_failure.status ?? last_failure.outcome})`,
    `${last_day.delivered} of ${last_day.attempts} attempts`,
    p95 === null ? '' : `${p95} ms`,
  ]
}
