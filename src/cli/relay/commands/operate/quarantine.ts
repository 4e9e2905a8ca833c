// `quarantine`: lists why messages were not understood; releases or dismisses them.
import { Command } from 'commander'
import { pluralize } from '../../../../core/text.ts'
import type { SetStatus } from '../../../command-line.ts'
import { type Answer, type Api, answerOf, apiOf } from '../../client.ts'
import { type Column, printList, withColumns } from '../../columns.ts'
import { print } from '../../output.ts'

type CausePage = Answer<Awaited<ReturnType<Api['quarantine']['$get']>>>
type Cause = CausePage['causes'][number]
type ReleasePage = Answer<Awaited<ReturnType<Api['quarantine']['release']['$post']>>>
type ReleaseResult = Pick<ReleasePage, 'released' | 'refused'>
type Selection = { source?: string; vendortype?: string; cause?: string }

const COLUMNS: Column<Cause>[] = [
  { name: 'source', value: ({ source }) => source, isCut: true },
  { name: 'type', value: ({ vendortype }) => vendortype ?? '(none)', isCut: true },
  { name: 'count', value: ({ count }) => count },
  { name: 'first seen', value: ({ first_at }) => first_at, isTime: true, isExtra: true },
  { name: 'last seen', value: ({ last_at }) => last_at, isTime: true },
  { name: 'example', value: ({ events }) => events[0] },
  { name: 'cause', value: ({ cause }) => cause, isCut: true },
]

/** The command with its subcommands. The exit status is 1 if messages are, or after a release remain, in quarantine. */
export function quarantineCommand(setStatus: SetStatus): Command {
  return withColumns(new Command('quarantine'), COLUMNS)
    .description('list why messages are in quarantine; exit status 1 if there are any')
    .action(async (_options, command: Command) => {
      const causes = await readCauses(apiOf(command))
      const none = 'The quarantine is empty.'
      printList(command, { name: 'causes', items: causes, columns: COLUMNS, none })
      setStatus(causes.length === 0 ? 0 : 1)
    })
    .addCommand(releaseCommand(setStatus))
    .addCommand(dismissCommand())
}

/** All causes, the most frequent first. A cause may be on several pages, each with a part of its count. */
async function readCauses(api: Api): Promise<Cause[]> {
  const causes = new Map<string, Cause>()
  for (let next: string | null | undefined; next !== null; ) {
    const query = { limit: '200', ...(next === undefined ? {} : { next }) }
    const page: CausePage = await answerOf(api.quarantine.$get({ query }))
    for (const cause of page.causes) {
      const key = JSON.stringify([cause.source, cause.vendortype, cause.cause])
      const later = causes.get(key)
      // Pages go back in time: the first one has the latest message, the last one the earliest.
      causes.set(
        key,
        later ? { ...later, count: later.count + cause.count, first_at: cause.first_at } : cause,
      )
    }
    next = page.next
  }
  return [...causes.values()].sort((a, b) => b.count - a.count)
}

/** Adds the arguments and options that select messages. */
function withSelection(command: Command): Command {
  return command
    .argument('[events...]', 'evt_…')
    .option('--source <name>', 'all messages of this source')
    .option('--vendortype <type>', 'all messages of this vendor type')
    .option('--cause <text>', 'all messages with this cause, as listed by "quarantine"')
}

const bodyOf = (events: string[], { source, vendortype, cause }: Selection) => ({
  ...(events.length === 0 ? {} : { events }),
  ...(source === undefined ? {} : { source }),
  ...(vendortype === undefined ? {} : { vendortype }),
  ...(cause === undefined ? {} : { cause }),
})

function releaseCommand(setStatus: SetStatus): Command {
  return withSelection(new Command('release'))
    .description('reprocess quarantined messages; those still not understood stay')
    .option('--dry-run', 'only show which messages would be released')
    .action(async (events: string[], options: Selection & { dryRun?: true }, command: Command) => {
      const { dryRun = false } = options
      const json = { ...bodyOf(events, options), dry_run: dryRun }
      const result = await releaseAll(apiOf(command), json)
      print(command, result, (all) => releaseText(all, dryRun))
      setStatus(result.refused.length === 0 ? 0 : 1)
    })
}

async function releaseAll(
  api: Api,
  json: ReturnType<typeof bodyOf> & { dry_run: boolean },
): Promise<ReleaseResult> {
  const result: ReleaseResult = { released: [], refused: [] }
  for (let after: string | null | undefined; after !== null; ) {
    const request = api.quarantine.release.$post({ json: { ...json, ...(after ? { after } : {}) } })
    const { released, refused, next }: ReleasePage = await answerOf(request)
    result.released.push(...released)
    result.refused.push(...refused)
    after = next
  }
  return result
}

function releaseText({ released, refused }: ReleaseResult, dryRun: boolean): string {
  const done = dryRun ? 'would be released' : 'released'
  return [
    ...released.map(({ id, type, status }) => `${id}  ${type}  ${status}`),
    ...refused.map(({ id, issues }) => `${id}  still not understood: ${issues.join('; ')}`),
    `${pluralize(released.length, 'message')} ${done}, ${refused.length} still not understood.`,
  ].join('\n')
}

function dismissCommand(): Command {
  return withSelection(new Command('dismiss'))
    .description('dismiss quarantined messages for good; they stay in the log, with the reason')
    .requiredOption('--reason <text>', 'why, for the log')
    .action(async (events: string[], options: Selection & { reason: string }, command: Command) => {
      const { reason } = options
      const api = apiOf(command)
      const dismissed: string[] = []
      for (let more = true; more; ) {
        const json = { ...bodyOf(events, options), reason }
        const page = await answerOf(api.quarantine.dismiss.$post({ json }))
        dismissed.push(...page.dismissed)
        more = page.more
      }
      print(command, { dismissed }, () => `${pluralize(dismissed.length, 'message')} dismissed.`)
    })
}
