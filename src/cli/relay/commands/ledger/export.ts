// `export`: the log as a file that `import` reads.
import { Command } from 'commander'
import { formatInstant } from '../../../../core/events/time.ts'
import { EXPORTED_PARTS } from '../../../../core/ledger/export-lines.ts'
import { parseTime } from '../../../../core/period.ts'
import { pluralize } from '../../../../core/text.ts'
import { withRetries } from '../../../backup/retries.ts'
import { openExport } from '../../../backup/write.ts'
import { UserError } from '../../../user-error.ts'
import { type Api, apiOf, Unreachable } from '../../client.ts'
import { print } from '../../output.ts'

type Options = { since: string; until?: string }

const HELP = `
The file is NDJSON: events with their deliveries in the order of receipt, then contacts and what else an import needs, with
checksums. A name that ends in .gz makes it gzipped. Stopped, it goes on where it was when it is called again.`

/** The command. */
export function exportCommand(): Command {
  return new Command('export')
    .description('write the log to a file, for a backup or to analyse it')
    .argument('<file>', 'such as relay.ndjson.gz')
    .option('--since <time>', 'RFC 3339, or how long ago: 30m, 24h, 7d', '1970-01-01')
    .option('--until <time>', 'RFC 3339, or how long ago (default: now)')
    .addHelpText('after', HELP)
    .action(async (file: string, { since, until }: Options, command: Command) => {
      const api = apiOf(command)
      const asked = { since, ...(until === undefined ? {} : { until }) }
      const now = Date.now()
      const period = {
        since: timeOf('--since', since, now),
        until: timeOf('--until', until ?? '0m', now),
      }
      const output = openExport(file, { asked, ...period })
      try {
        await writeParts(api, output)
        const end = output.finish()
        print(command, { file, ...end }, () => `${textOf(end)} written to ${file}.`)
      } catch (error) {
        output.close()
        throw error
      }
    })
}

function timeOf(option: string, text: string, now: number): number {
  const time = parseTime(text, now)
  if (time === undefined)
    throw new UserError(`${option} must be a time: 2026-11-30, 2026-11-30T04:00Z, or 30m, 24h, 7d.`)
  return time
}

const textOf = ({ events, rows }: { events: number; rows: number }) =>
  `${pluralize(events, 'event')} and ${pluralize(rows, 'other row')}`

async function writeParts(api: Api, output: ReturnType<typeof openExport>): Promise<void> {
  const begun = output.progress()
  const period = { since: formatInstant(begun.since), until: formatInstant(begun.until) }
  let told = Date.now()
  for (const part of EXPORTED_PARTS.slice(EXPORTED_PARTS.indexOf(begun.part))) {
    let after = part === begun.part ? begun.after : undefined
    while (after !== null) {
      const query = { part, ...period, ...(after === undefined ? {} : { after }) }
      const { lines, next } = await withRetries(() => readPart(api, query))
      output.add(part, lines, next)
      after = next
      if (Date.now() - told > 2000) {
        told = Date.now()
        console.error(`${textOf(output.progress().counts)} …`)
      }
    }
  }
}

type Query = Parameters<Api['export']['$get']>[0]['query']

/** The lines of a response, and where the next one begins. Throws an Unreachable when the response was cut. */
async function readPart(api: Api, query: Query): Promise<{ lines: string[]; next: string | null }> {
  const response = await api.export.$get({ query })
  const text = await response.text().catch(() => '')
  if (response.status >= 400 && response.status < 500) {
    throw new UserError((JSON.parse(text) as { title: string }).title)
  }
  const lines = text.split('\n').slice(0, -1)
  const last = lines.pop()
  if (response.status !== 200 || !last?.startsWith('{"next":')) {
    throw new Unreachable(
      `A response of the relay was cut (${response.status}). Call the command again: it goes on where it was.`,
    )
  }
  return {
    lines: lines.map((line) => `${line}\n`),
    next: (JSON.parse(last) as { next: string | null }).next,
  }
}
