// `simulate`: sends simulated vendor messages to the ingest URLs of the relay, marked as tests.
import { Command, Option } from 'commander'
import { pluralize } from '../../../../core/text.ts'
import { SWITCHES } from '../../../../simulator/trouble.ts'
import { repeatable, type SetStatus } from '../../../command-line.ts'
import { UserError } from '../../../user-error.ts'
import { type Answer, type Api, answerOf, connect, type GlobalOptions } from '../../client.ts'
import { print, printable } from '../../output.ts'

type Request = Parameters<Api['simulate']['$post']>[0]['json']
type Page = Answer<Awaited<ReturnType<Api['simulate']['$post']>>>
type Step = Page['steps'][number]
type Switch = (typeof SWITCHES)[number]
type Options = {
  source?: string
  set?: string[]
  journey?: true
  members?: string
  start?: string
  rate?: string
  seed?: string
} & Partial<Record<Switch, string | true>>

/** The most messages that one call of the API sends. With a rate below it, a call sends those of one second. */
const MAX_PER_CALL = 20

const SWITCH_DESCRIPTIONS: Record<Switch, string> = {
  duplicates: 'send some messages twice',
  reordering: 'swap some messages with the next one',
  lateness: 'send some messages days late',
  drift: 'change the fields of some messages (schema drift)',
  junk: 'also send malformed messages',
}

const HELP = `
One message:  npm run relay -- simulate payment.created --source hype --set data.total=0
Journeys:     npm run relay -- simulate --journey --members 5 --duplicates --lateness 0.1

A probability is from 0 to 1, for each message (default: a few in each journey).
To repeat a run, pass the --seed and the --start that it printed.`

/** The command. The exit status is 1 if a message was refused. */
export function simulateCommand(setStatus: SetStatus): Command {
  const command = new Command('simulate')
    .description('send simulated vendor messages, authenticated like real ones and marked as tests')
    .argument('[type]', 'send one message of this vendor type, such as payment.created or checkIn')
    .option('--source <name>', 'the source to send to (with --journey, default: all sources)')
    .option(
      '--set <path=value>',
      'with a type: set a field to JSON or text (repeatable)',
      repeatable,
    )
    .option('--journey', 'send all messages of a membership, from joining to leaving')
    .option('--members <n>', 'number of members (default: 1)')
    .option('--start <time>', 'when the first member joins: RFC 3339, or how long ago: 90d')
    .option('--rate <n>', 'messages per second (default: no limit)')
    .option('--seed <text>', 'repeat the random choices of the run that printed this seed')
    .addHelpText('after', HELP)
  for (const name of SWITCHES)
    command.addOption(new Option(`--${name} [probability]`, SWITCH_DESCRIPTIONS[name]))
  return command.action(async (type: string | undefined, options: Options, self: Command) => {
    const globals = self.optsWithGlobals<GlobalOptions>()
    const api = connect(globals)
    const report = globals.json ? () => undefined : (line: string) => console.log(printable(line))
    const steps: Step[] = []
    for (const request of await requestsOf(api, type, options)) {
      steps.push(...(await sendAll(api, request, numberOf('rate', options.rate), report)))
    }
    print(self, { steps }, summaryText)
    setStatus(steps.every(({ status }) => status === 202) ? 0 : 1)
  })
}

/** The request for one message, or one request per source for journeys. Throws a UserError for options that conflict. */
async function requestsOf(
  api: Api,
  type: string | undefined,
  options: Options,
): Promise<Request[]> {
  if ((type === undefined) === (options.journey === undefined))
    throw new UserError('Pass either a message type or --journey: see "relay simulate --help".')
  rejectConflicts(type !== undefined, options)
  const { source, set = [], seed } = options
  const shared = seed === undefined ? {} : { seed }
  if (type === undefined) {
    const sources = source === undefined ? await activeSources(api) : [source]
    return sources.map((name) => ({ ...shared, source: name, journey: journeyOf(options) }))
  }
  if (source === undefined) throw new UserError('Missing --source (hapana, hype, …).')
  return [{ ...shared, source, type, overrides: Object.fromEntries(set.map(overrideOf)) }]
}

/** Refuses options for journeys if one message is sent, and the other way round. */
function rejectConflicts(isOneMessage: boolean, options: Options): void {
  const forOther = isOneMessage ? (['members', 'start', ...SWITCHES] as const) : (['set'] as const)
  const extra = forOther.find((name) => options[name] !== undefined)
  if (extra === undefined) return
  const rule = isOneMessage ? 'needs' : 'cannot be combined with'
  throw new UserError(`--${extra} ${rule} --journey.`)
}

/** The plan of a journey. A switch without a value is sent as true: the relay has the default probability. */
function journeyOf({ members, start, ...options }: Options): NonNullable<Request['journey']> {
  const switches = SWITCHES.flatMap((name) => {
    const value = options[name]
    return value === undefined ? [] : [[name, value === true || numberOf(name, value)]]
  })
  return {
    ...(members === undefined ? {} : { members: numberOf('members', members) ?? 1 }),
    ...(start === undefined ? {} : { start }),
    ...Object.fromEntries(switches),
  }
}

/** The names of the sources that accept messages. */
async function activeSources(api: Api): Promise<string[]> {
  const { sources } = await answerOf(api.sources.$get())
  return sources.filter(({ state }) => state === 'active').map(({ name }) => name)
}

/** The path and value of a `--set`. A value that is not JSON is text. */
function overrideOf(text: string): [path: string, value: unknown] {
  const [, path = '', value = ''] = /^([^=]+)=([\s\S]*)$/.exec(text) ?? []
  if (path === '') throw new UserError(`--set must be path=value, not "${text}".`)
  try {
    return [path, JSON.parse(value)]
  } catch {
    return [path, value]
  }
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0))
    throw new UserError(`--${name} must be a number of at least 0, not "${text}".`)
  return value
}

/** Sends all messages of a request, page by page, at a rate per second. Reports each of them in a line. */
async function sendAll(
  api: Api,
  request: Request,
  rate: number | undefined,
  report: (line: string) => void,
): Promise<Step[]> {
  const limit =
    rate === undefined ? MAX_PER_CALL : Math.max(1, Math.min(MAX_PER_CALL, Math.floor(rate)))
  const steps: Step[] = []
  let next: Request | undefined = { ...request, limit }
  while (next !== undefined) {
    const startedAt = Date.now()
    const page: Page = await answerOf(api.simulate.$post({ json: next }))
    if (steps.length === 0 && request.journey)
      report(
        `${request.source}: ${pluralize(page.total, 'message')}, seed ${page.seed}, start ${page.start}`,
      )
    for (const step of page.steps) report(lineOf(step))
    steps.push(...page.steps)
    next = nextRequest(request, page, limit)
    const due = rate ? startedAt + (page.steps.length * 1000) / rate : startedAt
    if (next) await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - Date.now())))
  }
  return steps
}

/** The request for the next page, with the seed and the start of this one; undefined after the last page. */
function nextRequest(
  request: Request,
  { next, seed, start }: Page,
  limit: number,
): Request | undefined {
  if (next === null) return undefined
  const journey = request.journey === undefined ? {} : { journey: { ...request.journey, start } }
  return { ...request, ...journey, seed, offset: next, limit }
}

/** A message and its response: an event, or the title of a problem. */
function lineOf({ member, name, vendortype, troubles, status, answer }: Step): string {
  const result = status === 202 ? [answer?.id, answer?.status, answer?.type] : [answer?.title]
  return [
    `member ${member}`,
    name.padEnd(14),
    (vendortype ?? '(junk)').padEnd(20),
    String(status),
    ...result.filter((part) => typeof part === 'string'),
    ...(troubles.length === 0 ? [] : [`(${troubles.join(', ')})`]),
  ].join('  ')
}

function summaryText({ steps }: { steps: Step[] }): string {
  const results = Map.groupBy(steps, ({ status, answer }) =>
    status === 202 ? String(answer?.status) : `refused (${status})`,
  )
  const counts = [...results].map(([result, all]) => `${all.length} ${result}`)
  return `${pluralize(steps.length, 'message')} sent: ${counts.join(', ') || 'none'}.`
}
