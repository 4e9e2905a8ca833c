// `drift`: how the vendors have changed their messages.
import { Command } from 'commander'
import type { SetStatus } from '../../../command-line.ts'
import { type Answer, type Api, answerOf, apiOf } from '../../client.ts'
import { type Column, printList, withColumns } from '../../columns.ts'

type Report = Answer<Awaited<ReturnType<Api['drift']['$get']>>>['drift'][number]
type Finding = Report['findings'][number] & Pick<Report, 'source' | 'vendortype'>

const COLUMNS: Column<Finding>[] = [
  { name: 'source', value: ({ source }) => source, isCut: true },
  { name: 'type', value: ({ vendortype }) => vendortype ?? '(not recognized)', isCut: true },
  { name: 'finding', value: ({ finding }) => finding },
  { name: 'key', value: ({ path }) => path, isCut: true },
  { name: 'JSON type', value: jsonTypeOf, isCut: true },
  { name: 'messages', value: ({ count }) => count },
  { name: 'noticed', value: ({ noticed_at }) => noticed_at, isTime: true },
  { name: 'last seen', value: ({ last_seen }) => last_seen, isTime: true, isExtra: true },
]

/** The command. The exit status is 1 if there are findings. */
export function driftCommand(setStatus: SetStatus): Command {
  return withColumns(new Command('drift'), COLUMNS)
    .description('list how vendors have changed their messages; exit status 1 if they have')
    .option('--since <time>', 'RFC 3339, or how long ago: 30m, 24h, 7d')
    .action(async ({ since }: { since?: string }, command: Command) => {
      const query = since === undefined ? {} : { since }
      const { since: from, drift } = await answerOf(apiOf(command).drift.$get({ query }))
      const findings = drift.flatMap(({ source, vendortype, findings }) =>
        findings.map((finding) => ({ source, vendortype, ...finding })),
      )
      printList(command, {
        name: 'findings',
        items: findings,
        columns: COLUMNS,
        none: `No changes since ${from}.`,
        after: `Since ${from}.`,
      })
      setStatus(findings.length === 0 ? 0 : 1)
    })
}

/** The JSON types of a key; of one that has changed, those before and the present one. */
function jsonTypeOf({ finding, kinds }: Finding): string {
  return finding === 'changed'
    ? `${kinds.slice(0, -1).join(', ')} → ${kinds.at(-1)}`
    : kinds.join(', ')
}
