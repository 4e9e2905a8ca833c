// `status`: how everything is, in one look; what needs attention stands first.
import { Command } from 'commander'
import { attentionOf } from '../../../core/operate/attention.ts'
import { type Answer, type Api, answerOf, apiOf } from '../client.ts'
import { print } from '../output.ts'
import { table } from '../table.ts'

type Targets = Answer<Awaited<ReturnType<Api['targets']['$get']>>>
type Sources = Answer<Awaited<ReturnType<Api['sources']['$get']>>>
type Ledger = Answer<Awaited<ReturnType<Api['ledger']['$get']>>>
type Status = {
  attention: string[]
  as_of: string | null
  sources: Sources['sources']
  targets: Targets['targets']
  ledger: Ledger
}

/** The command; `finish` is told 1 when something needs attention. */
export function statusCommand(finish: (status: number) => void): Command {
  return new Command('status')
    .description('how everything is; exit status 1 when something needs attention')
    .action(async (_options, command: Command) => {
      const status = await readStatus(apiOf(command))
      print(command, status, inWords)
      finish(status.attention.length === 0 ? 0 : 1)
    })
}

async function readStatus(api: Api): Promise<Status> {
  const [{ as_of, targets }, { sources }, ledger, quarantined] = await Promise.all([
    answerOf(api.targets.$get()),
    answerOf(api.sources.$get()),
    answerOf(api.ledger.$get({ query: { since: '24h' } })),
    answerOf(api.quarantine.$get({ query: { limit: '200' } })),
  ])
  const { causes, next } = quarantined
  const situation = { targets, sources, causes, areMoreCauses: next !== null, ledger }
  const attention = attentionOf(situation, Date.now()).map(({ words }) => words)
  return { attention, as_of, sources, targets, ledger }
}

function inWords({ attention, as_of, sources, targets, ledger }: Status): string {
  return [
    ...(attention.length === 0 ? ['All is well.'] : attention.map((line) => `! ${line}`)),
    '',
    table(
      ['source', 'state', 'last seen', 'received in 24 h', 'ingest URL'],
      sources.map(({ name, state, ingest_url, figures }) => [
        name,
        state,
        figures?.last_seen ?? '',
        ledger.sources.find(({ source }) => source === name)?.received ?? 0,
        ingest_url,
      ]),
    ),
    '',
    table(
      [
        'target',
        'state',
        'waiting',
        'last success',
        'last failure',
        'delivered in 24 h',
        '95 % within',
      ],
      targets.map(({ name, state, figures }) => [name, state, ...figuresOf(figures)]),
    ),
    '',
    as_of === null ? 'Figures come with the first minute.' : `Figures changed last at ${as_of}.`,
  ].join('\n')
}

function figuresOf(figures: Targets['targets'][number]['figures']): (string | number)[] {
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
