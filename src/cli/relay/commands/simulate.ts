// `simulate`: what a vendor would send, sent to the relay's own front door and marked as a test.
import { Command, Option } from 'commander'
import { pluralize } from '../../../core/text.ts'
import { SWITCHES } from '../../../simulator/trouble.ts'
import { UserError } from '../../user-error.ts'
import { type Answer, type Api, answerOf, connect, type GlobalOptions } from '../client.ts'
import { print, several, visible } from '../output.ts'

type Request = Parameters<Api['simulate']['$post']>[0]['json']
type Page = Answer<Awaited<ReturnType<Api['simulate']['$post']>>>
type Step = Page['steps'][number]
type Options = {
  source?: string
  set?: string[]
  journey?: true
  members?: string
  start?: string
  rate?: string
  seed?: string
} & Partial<Record<(typeof SWITCHES)[number], string | true>>

/** Steps that one call sends; fewer, so that a slow rate is a steady one. */
const A_CALL = 20

const HELP = `
One message:    npm run relay -- simulate payment.created --source hype --set data.total=0
Journeys:       npm run relay -- simulate --journey --members 5 --duplicates --lateness 0.1
A switch alone means often enough to be seen; a number is its probability for each message.
The seed and the start that are printed repeat the same plan.`

/** The command; `finish` is told 1 when the front door refused something that was no junk. */
export function simulateCommand(finish: (status: number) => void): Command {
  const command = new Command('simulate')
    .description('sends what a vendor would send, marked as a test, through the front door')
    .argument('[type]', 'one message of this type of the vendor')
    .option('--source <name>', 'the source to send to; a journey goes to all unless told')
    .option(
      '--set <path=value>',
      'what to put into the message: JSON or text (several times)',
      several,
    )
    .option('--journey', 'from the day members join to the day they leave')
    .option('--members <n>', 'how many (1)')
    .option('--start <time>', 'when the first joins: RFC 3339, or 90d')
    .option('--rate <n>', 'messages a second (as fast as they are answered)')
    .option('--seed <text>', 'what the same plan is made of again')
    .addHelpText('after', HELP)
  for (const name of SWITCHES) command.addOption(new Option(`--${name} [probability]`))
  return command.action(async (type: string | undefined, options: Options, self: Command) => {
    const globals = self.optsWithGlobals<GlobalOptions>()
    const api = connect(globals)
    const told = globals.json ? () => undefined : (line: string) => console.log(visible(line))
    const steps: Step[] = []
    for (const request of await requestsOf(api, type, options)) {
      steps.push(...(await sendAll(api, request, numberOf('rate', options.rate), told)))
    }
    print(self, { steps }, summary)
    finish(steps.every(isTaken) ? 0 : 1)
  })
}

/** Junk is there to be refused. */
function isTaken({ status, troubles }: Step): boolean {
  return status === 202 || troubles.includes('junk')
}

async function requestsOf(
  api: Api,
  type: string | undefined,
  { source, set = [], journey, members, start, seed, rate: _rate, ...switches }: Options,
): Promise<Request[]> {
  if ((type === undefined) === (journey === undefined))
    throw new UserError('Name a type of message, or --journey: see "simulate --help".')
  const shared = seed === undefined ? {} : { seed }
  const odd = type === undefined ? { set } : { members, start, ...switches }
  const [stray] = Object.entries(odd).filter(([, value]) => value !== undefined && value.length > 0)
  if (stray)
    throw new UserError(`--${stray[0]} is for ${type === undefined ? 'one message' : 'a journey'}.`)
  if (type !== undefined) {
    if (source === undefined) throw new UserError('Say to which source: --source.')
    return [{ ...shared, source, type, overrides: Object.fromEntries(set.map(overrideOf)) }]
  }
  const given = SWITCHES.flatMap((name) => {
    const value = switches[name]
    return value === undefined ? [] : [[name, value === true || numberOf(name, value)]]
  })
  const plan = {
    ...(members === undefined ? {} : { members: numberOf('members', members) ?? 1 }),
    ...(start === undefined ? {} : { start }),
    ...Object.fromEntries(given),
  }
  const sources = source === undefined ? await namesOf(api) : [source]
  return sources.map((name) => ({ ...shared, source: name, journey: plan }))
}

/** The sources that can be sent to. */
async function namesOf(api: Api): Promise<string[]> {
  const { sources } = await answerOf(api.sources.$get())
  return sources.filter(({ state }) => state === 'active').map(({ name }) => name)
}

function overrideOf(text: string): [path: string, value: unknown] {
  const [, path = '', value = ''] = /^([^=]+)=([\s\S]*)$/.exec(text) ?? []
  if (path === '') throw new UserError(`--set takes path=value, not "${text}".`)
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
    throw new UserError(`--${name} takes a number, not "${text}".`)
  return value
}

/** Sends a plan to its end, page by page, at its rate. */
async function sendAll(
  api: Api,
  request: Request,
  rate: number | undefined,
  told: (line: string) => void,
): Promise<Step[]> {
  const limit = rate === undefined ? A_CALL : Math.max(1, Math.min(A_CALL, Math.floor(rate)))
  const steps: Step[] = []
  let next: Request | undefined = { ...request, limit }
  while (next !== undefined) {
    const begun = Date.now()
    const page: Page = await answerOf(api.simulate.$post({ json: next }))
    if (steps.length === 0 && request.journey)
      told(
        `${request.source}: ${pluralize(page.total, 'message')}, seed ${page.seed}, start ${page.start}`,
      )
    for (const step of page.steps) told(lineOf(step))
    steps.push(...page.steps)
    next = following(request, page, limit)
    const due = rate ? begun + (page.steps.length * 1000) / rate : begun
    if (next) await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - Date.now())))
  }
  return steps
}

function following(
  request: Request,
  { next, seed, start }: Page,
  limit: number,
): Request | undefined {
  if (next === null) return undefined
  const journey = request.journey === undefined ? {} : { journey: { ...request.journey, start } }
  return { ...request, ...journey, seed, offset: next, limit }
}

function lineOf({ member, name, vendortype, troubles, status, answer }: Step): string {
  const said = [answer?.id, answer?.status ?? answer?.title, answer?.type]
  return [
    `member ${member}`,
    name.padEnd(14),
    (vendortype ?? '(junk)').padEnd(20),
    String(status),
    ...said.filter((word) => typeof word === 'string'),
    ...(troubles.length === 0 ? [] : [`(${troubles.join(', ')})`]),
  ].join('  ')
}

function summary({ steps }: { steps: Step[] }): string {
  const kinds = Map.groupBy(steps, ({ status, answer }) => String(answer?.status ?? status))
  const counts = [...kinds].map(([kind, all]) => `${all.length} ${kind}`)
  return `${pluralize(steps.length, 'message')} sent: ${counts.join(', ') || 'none'}.`
}
