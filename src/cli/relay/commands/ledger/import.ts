// `import`: a file of `export` → the log of a fresh relay.
import { Command } from 'commander'
import { formatInstant } from '../../../../core/events/time.ts'
import type { PackLine } from '../../../../core/ledger/pack-line.ts'
import { pluralize } from '../../../../core/text.ts'
import { type Block, readExport, type Summary } from '../../../backup/read.ts'
import { withRetries } from '../../../backup/retries.ts'
import { type Api, answerOf, apiOf } from '../../client.ts'
import { print } from '../../output.ts'

type Options = { deliver?: true }

const HELP = `
The whole file is checked before anything is written. A relay that has received events is refused. Stopped, it goes on where it
was when it is called again. Deliveries that were not finished arrive as cancelled: --deliver sends them.`

/** What one call carries at most: of its 50 statements on the free plan, of lines, and of characters. */
const STATEMENTS = 38
const LINES = 500
const LENGTH = 4_000_000

/** Four events, or seven deliveries, are one statement (store/ledger/packs/restore.ts). */
const [EVENTS_A_STATEMENT, DELIVERIES_A_STATEMENT, ROWS_A_STATEMENT] = [4, 7, 50]

/** The command. */
export function importCommand(): Command {
  return new Command('import')
    .description('write an exported file to the log of a fresh relay')
    .argument('<file>', 'a file of export')
    .option('--deliver', 'send what was not finished')
    .addHelpText('after', HELP)
    .action(async (file: string, { deliver }: Options, command: Command) => {
      const api = apiOf(command)
      const summary = await summaryOf(file)
      await importFile(api, file, summary, deliver === true)
      print(command, { file, ...summary }, () => textOf(file, summary))
    })
}

/** Reads the whole file. Throws a UserError for one that is not whole. */
async function summaryOf(file: string): Promise<Summary> {
  const blocks = readExport(file)
  for (;;) {
    const { value, done } = await blocks.next()
    if (done) return value
  }
}

async function importFile(
  api: Api,
  file: string,
  summary: Summary,
  deliver: boolean,
): Promise<void> {
  const lines = summary.events + summary.rows
  const begin = { json: { file: summary.sha256, lines, deliver } }
  const { position } = await withRetries(() => answerOf(api.import.$post(begin)))
  if (position > 0) console.error(`${position} of ${lines} are there already.`)
  let told = 0
  for await (const block of readExport(file)) {
    for (const { from, lines: some } of chunksOf(block, position)) {
      const json = { file: summary.sha256, from, lines: some as Record<string, unknown>[] }
      await withRetries(() => answerOf(api.import.lines.$post({ json })))
      if (Date.now() - told > 2000) {
        told = Date.now()
        console.error(`${from + some.length} of ${lines} …`)
      }
    }
  }
}

/** The lines of a block from a position on, in parts that a call can carry. */
function chunksOf({ from, lines }: Block, position: number): Block[] {
  const chunks: Block[] = []
  let [statements, length] = [0, 0]
  for (const [i, line] of lines.entries()) {
    if (from + i < position) continue
    const own = statementsOf(line)
    const size = JSON.stringify(line).length
    const chunk = chunks.at(-1)
    const isFull = statements + own > STATEMENTS || length + size > LENGTH
    if (chunk === undefined || isFull || chunk.lines.length === LINES) {
      chunks.push({ from: from + i, lines: [line] })
      ;[statements, length] = [own, size]
    } else {
      chunk.lines.push(line)
      statements += own
      length += size
    }
  }
  return chunks
}

function statementsOf(line: object): number {
  const { deliveries } = line as Partial<PackLine>
  if (deliveries === undefined) return 1 / ROWS_A_STATEMENT
  return 1 / EVENTS_A_STATEMENT + deliveries.length / DELIVERIES_A_STATEMENT
}

function textOf(file: string, { events, rows, since }: Summary): string {
  return [
    `${pluralize(events, 'event')} and ${pluralize(rows, 'other row')} of ${file} are in the log.`,
    `Compare: npm run relay -- ledger --verify --since ${formatInstant(since)}`,
  ].join('\n')
}
