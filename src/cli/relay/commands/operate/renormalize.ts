// `renormalize`: applies the current mapping to stored messages; shows the differences, then stores them.
import { Command } from 'commander'
import { pluralize } from '../../../../core/text.ts'
import type { SetStatus } from '../../../command-line.ts'
import { table } from '../../../table.ts'
import { type Answer, type Api, answerOf, apiOf } from '../../client.ts'
import { print } from '../../output.ts'

type Options = {
  since: string
  until?: string
  source?: string
  dryRun?: true
  deliver?: true
}
type Page = Answer<Awaited<ReturnType<Api['renormalize']['$post']>>>
type Result = Pick<Page, 'checked' | 'changed' | 'refused' | 'pruned'>

/** The command. The exit status is 1 if the current mapping no longer understands a message. */
export function renormalizeCommand(setStatus: SetStatus): Command {
  return new Command('renormalize')
    .description('re-run the current mapping on stored messages (payloads are never changed)')
    .requiredOption('--since <time>', 'RFC 3339, or how long ago: 30m, 24h, 7d')
    .option('--until <time>', 'RFC 3339, or how long ago (default: now)')
    .option('--source <name>', 'only this source')
    .option('--dry-run', 'only show what would change')
    .option('--deliver', 'send changed events to the targets that match them now')
    .action(async (options: Options, command: Command) => {
      const result = await renormalizeAll(apiOf(command), options)
      print(command, result, (answer) => textOf(answer, options))
      setStatus(result.refused.length === 0 ? 0 : 1)
    })
}

/** Goes through the stored messages page by page. */
async function renormalizeAll(api: Api, options: Options): Promise<Result> {
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

function textOf({ checked, changed, refused, pruned }: Result, options: Options): string {
  const { dryRun, deliver } = options
  const done = dryRun ? 'would change' : deliver ? 'changed and resent' : 'changed'
  const counts = [...Map.groupBy(changed, typeOf)].map(([type, all]) => [type, all.length])
  return [
    ...changed.flatMap((event) => [...differenceLines(event), '']),
    ...refused.map(
      ({ id, issues }) => `${id}  no longer understood, left unchanged: ${issues.join('; ')}`,
    ),
    ...(counts.length === 0 ? [] : [table(['type', done], counts), '']),
    `${pluralize(checked, 'event')} checked, ${changed.length} ${done}.`,
    ...(pruned === 0
      ? []
      : [`${pluralize(pruned, 'event')} left unchanged: the payload is no longer kept.`]),
  ].join('\n')
}

type Change = Result['changed'][number]

function differenceLines({ id, was, is, differences }: Change): string[] {
  return [
    `${id}  ${typeOf({ was, is })}`,
    ...differences.flatMap(({ path, was, is }) => [
      ...(was === undefined ? [] : [`  - ${path}: ${JSON.stringify(was)}`]),
      ...(is === undefined ? [] : [`  + ${path}: ${JSON.stringify(is)}`]),
    ]),
  ]
}

/** The type of a changed event, or both types if that has changed. */
function typeOf({ was, is }: Pick<Change, 'was' | 'is'>): string {
  return was === is ? is : `${was} → ${is}`
}
