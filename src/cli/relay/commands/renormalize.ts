// `renormalize`: what the present mapping makes of history, shown first, then kept.
import { Command } from 'commander'
import { type Answer, type Api, answerOf, apiOf } from '../client.ts'
import { print } from '../output.ts'
import { table } from '../table.ts'

type Options = {
  since: string
  until?: string
  source?: string
  dryRun?: true
  deliver?: true
}
type Page = Answer<Awaited<ReturnType<Api['renormalize']['$post']>>>
type Result = Pick<Page, 'checked' | 'changed' | 'refused' | 'pruned'>

/** The command; `finish` is told the exit status: 1 when the present mapping does not understand everything. */
export function renormalizeCommand(finish: (status: number) => void): Command {
  return new Command('renormalize')
    .description('reads history again by the present mapping; the bytes are never touched')
    .requiredOption('--since <time>', 'RFC 3339, or how long ago: 30m, 24h, 7d')
    .option('--until <time>', 'until now, unless given')
    .option('--source <name>', 'of this source only')
    .option('--dry-run', 'only show what would change')
    .option('--deliver', 'send what has changed again to those who want it now')
    .action(async (options: Options, command: Command) => {
      const result = await readAll(apiOf(command), options)
      print(command, result, (answer) => inWords(answer, options))
      finish(result.refused.length === 0 ? 0 : 1)
    })
}

/** Goes through history page by page. */
async function readAll(api: Api, options: Options): Promise<Result> {
  const { since, until, source, dryRun = false, deliver = false } = options
  const json = { since, until, source, dry_run: dryRun, deliver }
  const result: Result = { checked: 0, changed: [], refused: [], pruned: 0 }
  let after: string | undefined
  do {
    const page: Page = await answerOf(api.renormalize.$post({ json: { ...json, after } }))
    result.checked += page.checked
    result.changed.push(...page.changed)
    result.refused.push(...page.refused)
    result.pruned += page.pruned
    after = page.next ?? undefined
  } while (after !== undefined)
  return result
}

function inWords(
  { checked, changed, refused, pruned }: Result,
  { dryRun, deliver }: Options,
): string {
  const kinds = Map.groupBy(changed, ({ was, is }) => (was === is ? is : `${was} → ${is}`))
  const counts = [...kinds].map(([kind, all]) => [kind, all.length])
  const would = dryRun ? 'would change' : deliver ? 'changed and sent again' : 'changed'
  return [
    ...changed.flatMap(({ id, was, is, differences }) => [
      `${id}  ${was === is ? is : `${was} → ${is}`}`,
      ...differences.flatMap(({ path, was, is }) => [
        ...(was === undefined ? [] : [`  - ${path}: ${JSON.stringify(was)}`]),
        ...(is === undefined ? [] : [`  + ${path}: ${JSON.stringify(is)}`]),
      ]),
      '',
    ]),
    ...refused.map(
      ({ id, issues }) => `${id}  is not understood any more, and stays: ${issues.join('; ')}`,
    ),
    ...(counts.length === 0 ? [] : [table(['type', would], counts), '']),
    `${checked} events read, ${changed.length} ${would}.`,
    ...(pruned === 0 ? [] : [`${pruned} stay as they are: their bytes are no longer kept.`]),
  ].join('\n')
}
