// `ledger`: what became of everything, and whether the roll-ups are those of the log.
import { Command } from 'commander'
import { DELIVERY_STATES } from '../../../core/deliveries/delivery.ts'
import { EVENT_STATUSES } from '../../../core/events/event.ts'
import { type Answer, type Api, answerOf, apiOf } from '../client.ts'
import { print } from '../output.ts'
import { table } from '../table.ts'

type Ledger = Answer<Awaited<ReturnType<Api['ledger']['$get']>>>
type Options = { since: string; until?: string; verify?: true }

/** The command; `finish` is told the exit status: 1 when something does not add up. */
export function ledgerCommand(finish: (status: number) => void): Command {
  return new Command('ledger')
    .description('what became of everything that came in a period, and whether it adds up')
    .option('--since <time>', 'RFC 3339, or how long ago: 30m, 24h, 7d', '24h')
    .option('--until <time>', 'until now, unless given')
    .option('--verify', 'hold the roll-ups against the log, and name every difference')
    .action(async ({ since, until, verify }: Options, command: Command) => {
      const api = apiOf(command)
      const period = { since, ...(until === undefined ? {} : { until }) }
      const ledger = await answerOf(api.ledger.$get({ query: period }))
      const found = verify ? await listDifferences(api, period) : undefined
      const answer = { ...ledger, ...(found ? { verified: found } : {}) }
      print(command, answer, () => inWords(ledger, found))
      finish(ledger.adds_up && (found ?? []).length === 0 ? 0 : 1)
    })
}

/** Every difference between the roll-ups and the log, asked for day by day. */
async function listDifferences(
  api: Api,
  period: { since: string; until?: string },
): Promise<string[]> {
  const found: string[] = []
  for (let since: string | null = period.since; since !== null; ) {
    const query: typeof period = { ...period, since }
    const { differences, next } = await answerOf(api.ledger.differences.$get({ query }))
    found.push(...differences)
    since = next
  }
  return found
}

function inWords(ledger: Ledger, found: string[] | undefined): string {
  const { since, until, sources, targets, spilled } = ledger
  const verdict = ledger.adds_up ? ['It adds up.'] : ['It does not add up:', ...ledger.differences]
  const verified =
    found === undefined
      ? []
      : found.length === 0
        ? ['The roll-ups agree with the log.']
        : ['The roll-ups and the log differ:', ...found]
  return [
    `From ${since} to ${until}`,
    '',
    table(
      ['source', 'received', ...EVENT_STATUSES],
      sources.map((line) => [line.source, line.received, ...EVENT_STATUSES.map((s) => line[s])]),
    ),
    '',
    table(
      ['target', 'planned', ...DELIVERY_STATES],
      targets.map((line) => [line.target, line.planned, ...DELIVERY_STATES.map((s) => line[s])]),
    ),
    '',
    ...(spilled ? [`${spilled} requests are safe in the spill queue and not in the log yet.`] : []),
    ...verdict,
    ...verified,
  ].join('\n')
}
