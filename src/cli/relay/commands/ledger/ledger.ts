// `ledger`: accounts for every event and delivery of a period, and checks the totals.
import { Command } from 'commander'
import { DELIVERY_STATES } from '../../../../core/deliveries/delivery.ts'
import { EVENT_STATUSES } from '../../../../core/events/event.ts'
import { pluralize } from '../../../../core/text.ts'
import type { SetStatus } from '../../../command-line.ts'
import { table } from '../../../table.ts'
import { type Answer, type Api, answerOf, apiOf } from '../../client.ts'
import { print } from '../../output.ts'

type Ledger = Answer<Awaited<ReturnType<Api['ledger']['$get']>>>
type Options = { since: string; until?: string; verify?: true }

/** The command. The exit status is 1 if the ledger is not balanced, or differs from the log. */
export function ledgerCommand(setStatus: SetStatus): Command {
  return new Command('ledger')
    .description('account for every event and delivery of a period, and check the totals')
    .option('--since <time>', 'RFC 3339, or how long ago: 30m, 24h, 7d', '24h')
    .option('--until <time>', 'RFC 3339, or how long ago (default: now)')
    .option('--verify', 'compare the stored totals with the log, and list every difference')
    .action(async ({ since, until, verify }: Options, command: Command) => {
      const api = apiOf(command)
      const period = { since, ...(until === undefined ? {} : { until }) }
      const ledger = await answerOf(api.ledger.$get({ query: period }))
      const differences = verify ? await readDifferences(api, period) : undefined
      const answer = { ...ledger, ...(differences ? { verified: differences } : {}) }
      print(command, answer, () => textOf(ledger, differences))
      setStatus(ledger.adds_up && (differences ?? []).length === 0 ? 0 : 1)
    })
}

/** Every difference between the stored totals and the log. The API answers for one day at a time. */
async function readDifferences(
  api: Api,
  period: { since: string; until?: string },
): Promise<string[]> {
  const all: string[] = []
  for (let since: string | null = period.since; since !== null; ) {
    const query: typeof period = { ...period, since }
    const { differences, next } = await answerOf(api.ledger.differences.$get({ query }))
    all.push(...differences)
    since = next
  }
  return all
}

function textOf(ledger: Ledger, differences: string[] | undefined): string {
  const { since, until, sources, targets, spilled } = ledger
  return [
    `From ${since} to ${until}`,
    '',
    table(
      ['source', 'received', ...EVENT_STATUSES],
      sources.map((line) => [line.source, line.received, ...EVENT_STATUSES.map((s) => line[s])]),
    ),
    '',
    table(
      ['target', 'created', ...DELIVERY_STATES],
      targets.map((line) => [line.target, line.created, ...DELIVERY_STATES.map((s) => line[s])]),
    ),
    '',
    ...(spilled
      ? [`${pluralize(spilled, 'request')} in the spill queue, not yet in the log.`]
      : []),
    ...(ledger.adds_up
      ? ['Balanced: every event and delivery is accounted for.']
      : ['Not balanced:', ...ledger.differences]),
    ...verificationLines(differences),
  ].join('\n')
}

function verificationLines(differences: string[] | undefined): string[] {
  if (differences === undefined) return []
  if (differences.length === 0) return ['Verified: the stored totals match the log.']
  return ['The stored totals differ from the log:', ...differences]
}
