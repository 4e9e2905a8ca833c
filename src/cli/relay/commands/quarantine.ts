// `quarantine`: why messages were not understood; released once they are, or put away with a reason.
import { Command } from 'commander'
import { pluralize } from '../../../core/text.ts'
import { type Answer, type Api, answerOf, apiOf } from '../client.ts'
import { print } from '../output.ts'
import { table } from '../table.ts'

type Causes = Answer<Awaited<ReturnType<Api['quarantine']['$get']>>>
type Cause = Causes['causes'][number]
type Page = Answer<Awaited<ReturnType<Api['quarantine']['release']['$post']>>>
type Released = Pick<Page, 'released' | 'refused'>
type Filter = { source?: string; vendortype?: string; cause?: string }

/** The command with its subcommands; `finish` is told 1 when there is something in quarantine, or stays there. */
export function quarantineCommand(finish: (status: number) => void): Command {
  return new Command('quarantine')
    .description('why messages were not understood; exit status 1 when there are some')
    .action(async (_options, command: Command) => {
      const causes = await readCauses(apiOf(command))
      print(command, { causes }, () => causesInWords(causes))
      finish(causes.length === 0 ? 0 : 1)
    })
    .addCommand(releaseCommand(finish))
    .addCommand(dismissCommand())
}

/** Every cause, with what all pages say of it. */
async function readCauses(api: Api): Promise<Cause[]> {
  const causes = new Map<string, Cause>()
  for (let next: string | null | undefined; next !== null; ) {
    const query = { limit: '200', ...(next === undefined ? {} : { next }) }
    const page: Causes = await answerOf(api.quarantine.$get({ query }))
    for (const cause of page.causes) {
      const key = JSON.stringify([cause.source, cause.vendortype, cause.cause])
      const later = causes.get(key)
      // The latest come first: what is earlier adds its count, and the beginning.
      causes.set(
        key,
        later ? { ...later, count: later.count + cause.count, first_at: cause.first_at } : cause,
      )
    }
    next = page.next
  }
  return [...causes.values()].sort((a, b) => b.count - a.count)
}

function causesInWords(causes: Cause[]): string {
  if (causes.length === 0) return 'Everything was understood.'
  const head = ['source', 'type', 'count', 'last', 'an event', 'cause']
  return table(
    head,
    causes.map(({ source, vendortype, count, last_at, events, cause }) => [
      source,
      vendortype ?? '(none)',
      count,
      last_at,
      events[0] ?? '',
      cause,
    ]),
  )
}

/** The options that say which messages are meant. */
function filtered(command: Command): Command {
  return command
    .argument('[events...]', 'evt_…')
    .option('--source <name>', 'those of a source')
    .option('--vendortype <type>', "those of a vendor's type")
    .option('--cause <text>', 'those of a cause, as `quarantine` shows it')
}

const bodyOf = (events: string[], { source, vendortype, cause }: Filter) => ({
  ...(events.length === 0 ? {} : { events }),
  ...(source === undefined ? {} : { source }),
  ...(vendortype === undefined ? {} : { vendortype }),
  ...(cause === undefined ? {} : { cause }),
})

function releaseCommand(finish: (status: number) => void): Command {
  return filtered(new Command('release'))
    .description('makes events of the messages that are understood by now; the others stay')
    .option('--dry-run', 'only show what would be released')
    .action(async (events: string[], options: Filter & { dryRun?: true }, command: Command) => {
      const { dryRun = false } = options
      const json = { ...bodyOf(events, options), dry_run: dryRun }
      const result = await releaseAll(apiOf(command), json)
      print(command, result, (all) => releasedInWords(all, dryRun))
      finish(result.refused.length === 0 ? 0 : 1)
    })
}

async function releaseAll(
  api: Api,
  json: ReturnType<typeof bodyOf> & { dry_run: boolean },
): Promise<Released> {
  const result: Released = { released: [], refused: [] }
  for (let after: string | null | undefined; after !== null; ) {
    const request = api.quarantine.release.$post({ json: { ...json, ...(after ? { after } : {}) } })
    const { released, refused, next }: Page = await answerOf(request)
    result.released.push(...released)
    result.refused.push(...refused)
    after = next
  }
  return result
}

function releasedInWords({ released, refused }: Released, dryRun: boolean): string {
  const would = dryRun ? 'would be released' : 'released'
  return [
    ...released.map(({ id, type, status }) => `${id}  ${type}  ${status}`),
    ...refused.map(({ id, issues }) => `${id}  stays: ${issues.join('; ')}`),
    `${pluralize(released.length, 'message')} ${would}, ${refused.length} not understood.`,
  ].join('\n')
}

function dismissCommand(): Command {
  return filtered(new Command('dismiss'))
    .description('puts messages away for good; they stay in the log, with the reason')
    .requiredOption('--reason <text>', 'why')
    .action(async (events: string[], options: Filter & { reason: string }, command: Command) => {
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
