// `people erase`, `erased`, `suppress`: erases a person, shows receipts and verifies them, keeps later messages out.
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { ERASED_PLACES, type ErasedPlace } from '../../../../core/operate/erasure/erasure.ts'
import { pluralize } from '../../../../core/text.ts'
import type { SetStatus } from '../../../command-line.ts'
import { table } from '../../../table.ts'
import { UserError } from '../../../user-error.ts'
import { type Answer, type Api, answerOf, apiOf } from '../../client.ts'
import { print } from '../../output.ts'

type Erased = Answer<Awaited<ReturnType<Api['people'][':id']['erase']['$post']>>>
type Receipt = Answer<Awaited<ReturnType<Api['people'][':id']['erasure']['$get']>>>
type Summary = Answer<Awaited<ReturnType<Api['people']['erased']['$get']>>>['erasures'][number]
type Verified = Answer<Awaited<ReturnType<Api['people']['erased']['verify']['$post']>>>

const HELP = `
Without --yes, only shows what would be erased. Keep the receipt: --json > receipt.json
It has hashes and no values. Verify it with: npm run relay -- people erased receipt.json --verify`

/** The command `people erase`. */
export function eraseCommand(): Command {
  return new Command('erase')
    .description('erase a person: every value of every contact, wherever it is stored')
    .argument('<person>', 'per_…')
    .option('--yes', 'do it; it cannot be undone')
    .option('--suppress', 'keep later messages of these contacts out')
    .addHelpText('after', HELP)
    .action(
      async (id: string, { yes, suppress }: { yes?: true; suppress?: true }, command: Command) => {
        const api = apiOf(command)
        const json = { dry_run: yes !== true, suppress: suppress === true }
        let answer: Erased = await answerOf(api.people[':id'].erase.$post({ param: { id }, json }))
        // A call goes on for some seconds. What waits for a target is done by the cron.
        while ('state' in answer && answer.state === 'erasing' && answer.step !== 'told') {
          answer = await answerOf(api.people[':id'].erase.$post({ param: { id }, json }))
        }
        print(command, answer, (one) => ('state' in one ? receiptText(one) : planText(one)))
      },
    )
}

function planText({
  person,
  contacts,
  events,
  deliveries,
  cancelled,
}: Exclude<Erased, Receipt>): string {
  const what = `${pluralize(contacts, 'contact')}, ${pluralize(events, 'event')} and ${pluralize(deliveries, 'delivery', 'deliveries')}`
  return [
    `${person} has ${what}. All values of them would be erased, and whatever else is stored of them.`,
    ...(cancelled === 0
      ? []
      : [`${pluralize(cancelled, 'delivery', 'deliveries')} would be cancelled.`]),
    'Nothing was changed. Erase with --yes.',
  ].join('\n')
}

function receiptText(receipt: Receipt): string {
  const { person, state, asked_at, done_at, counts, values, step } = receipt
  const kinds = [...Map.groupBy(values, ({ kind }) => kind)].map(
    ([kind, all]) => `${all.length} ${kind}`,
  )
  const isDone =
    state === 'done'
      ? `done ${done_at}`
      : step === 'told'
        ? 'waits until targets were told'
        : 'going on'
  return [
    `${person}: asked ${asked_at}, ${isDone}`,
    ...placeLines(counts),
    `hashes of values: ${kinds.join(', ') || 'none'}`,
    suppressText(receipt),
  ].join('\n')
}

function placeLines(counts: Receipt['counts']): string[] {
  return Object.entries(counts)
    .filter(([, count = 0]) => count > 0)
    .map(([place, count]) => `  ${count} ${ERASED_PLACES[place as ErasedPlace] ?? place}`)
}

function suppressText({ suppress, kept_out, kept_out_at }: Summary): string {
  const kept =
    kept_out === 0 ? '' : `; ${pluralize(kept_out, 'message')} kept out, the last ${kept_out_at}`
  return `later messages: ${suppress ? 'kept out' : 'another person'}${kept}`
}

/** The command `people erased`. The exit status is 1 if a search finds a value. */
export function erasedCommand(setStatus: SetStatus): Command {
  return new Command('erased')
    .description('the people who were erased; a receipt, and whether anything is left')
    .argument('[receipt]', 'a file with a receipt, or per_…')
    .option('--verify', 'search everything that is stored for the values of the receipt')
    .action(async (which: string | undefined, { verify }: { verify?: true }, command: Command) => {
      const api = apiOf(command)
      if (which === undefined) {
        if (verify) throw new UserError('Pass a receipt to verify: a file, or per_….')
        const erasures = await listAll(api)
        return print(command, { erasures }, () => listText(erasures))
      }
      const receipt = await receiptOf(api, which)
      if (!verify) return print(command, receipt, receiptText)
      const result = await verifyAll(api, receipt)
      print(command, result, verificationText)
      setStatus(result.found.length === 0 ? 0 : 1)
    })
}

async function listAll(api: Api): Promise<Summary[]> {
  const found: Summary[] = []
  let after: `per_${string}` | undefined
  do {
    const page = await answerOf(
      api.people.erased.$get({ query: after === undefined ? {} : { after } }),
    )
    found.push(...page.erasures)
    after = page.next ?? undefined
  } while (after !== undefined)
  return found
}

function listText(erasures: readonly Summary[]): string {
  if (erasures.length === 0) return 'Nobody was erased.'
  const rows = erasures.map((one) => [
    one.person,
    one.asked_at,
    one.state,
    one.counts.events ?? 0,
    one.suppress ? 'yes' : 'no',
    one.kept_out,
  ])
  return table(['person', 'asked', 'state', 'events', 'kept out?', 'messages'], rows)
}

async function receiptOf(api: Api, which: string): Promise<Receipt> {
  if (which.startsWith('per_'))
    return answerOf(api.people[':id'].erasure.$get({ param: { id: which } }))
  try {
    const receipt = JSON.parse(readFileSync(which, 'utf8')) as Receipt
    if (Array.isArray(receipt.values) && typeof receipt.salt === 'string') return receipt
  } catch (error) {
    throw new UserError(
      `${which} cannot be read: ${error instanceof Error ? error.message : error}.`,
    )
  }
  throw new UserError(`${which} is not a receipt: it has no values and no salt.`)
}

type Verification = Pick<Verified, 'found' | 'others' | 'later' | 'read'>

/** Searches part by part. */
async function verifyAll(
  api: Api,
  { person, asked_at, salt, values }: Receipt,
): Promise<Verification> {
  const receipt = { person, asked_at, salt, values }
  const all: Verification = {
    found: [],
    others: 0,
    later: 0,
    read: { tables: [], rows: 0, objects: 0, characters: 0 },
  }
  let after: string | null = null
  do {
    const json = { receipt, ...(after === null ? {} : { after }) }
    const part: Verified = await answerOf(api.people.erased.verify.$post({ json }))
    all.found.push(...part.found)
    all.others += part.others
    all.later += part.later
    all.read.tables.push(...part.read.tables)
    all.read.rows += part.read.rows
    all.read.objects += part.read.objects
    all.read.characters += part.read.characters
    after = part.next
  } while (after !== null)
  return all
}

function verificationText({ found, others, later, read }: Verification): string {
  const searched = `${pluralize(read.rows, 'row')} of ${pluralize(read.tables.length, 'table')} and ${pluralize(read.objects, 'object')}`
  const verdict =
    found.length === 0
      ? `Nothing is left: ${searched} were searched.`
      : `${pluralize(found.length, 'value')} left in ${searched}:`
  return [
    verdict,
    ...found.map(
      ({ table, column, row, kinds }) =>
        `  ${table}${column && `.${column}`}  ${row}  ${kinds.join(', ')}`,
    ),
    ...(others === 0
      ? []
      : [`${others} times with other people who have the same address or name.`]),
    ...(later === 0 ? [] : [`${later} times in what came after the erasure.`]),
  ].join('\n')
}

/** The command `people suppress`. */
export function suppressCommand(): Command {
  return new Command('suppress')
    .description('keep later messages of an erased person out, or let them in again')
    .argument('<person>', 'per_…')
    .option('--off', 'let them in again: they are another person then')
    .action(async (id: string, { off }: { off?: true }, command: Command) => {
      const request = apiOf(command).people[':id'].suppress.$post({
        param: { id },
        json: { suppress: off !== true },
      })
      print(command, await answerOf(request), (one) => `${one.person}: ${suppressText(one)}`)
    })
}
