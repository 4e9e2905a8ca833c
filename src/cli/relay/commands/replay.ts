// `replay`: one event, or everything that a filter matches, sent again: first how much that is, then done.
import process from 'node:process'
import { createInterface } from 'node:readline/promises'
import { Command } from 'commander'
import { pluralize } from '../../../core/text.ts'
import { UserError } from '../../user-error.ts'
import { type Answer, type Api, answerOf, apiOf, type GlobalOptions } from '../client.ts'
import { print, several } from '../output.ts'
import { table } from '../table.ts'

/** More than these are sent again only when somebody says yes. */
const UNASKED = 100

const PROGRESS_MS = 1000
const BAR_WIDTH = 30

type Filter = Parameters<Api['replays']['$post']>[0]['json']['filter']
type Planned = Answer<Awaited<ReturnType<Api['replays']['$post']>>>
type Replay = Answer<Awaited<ReturnType<Api['replays'][':id']['$get']>>>
type Options = {
  target?: string[]
  source?: string[]
  type?: string[]
  state?: string[]
  since?: string
  until?: string
  person?: string
  rate?: string
  dryRun?: true
  yes?: true
  detach?: true
}

/** The command with its subcommands. */
export function replayCommand(): Command {
  return new Command('replay')
    .description('sends an event again, or all deliveries that a filter matches')
    .argument('[event]', 'evt_…: this event alone, to --target or to all that had it')
    .option('--target <name>', 'to this target (may be given several times)', several)
    .option('--source <name>', 'events of this source (several times)', several)
    .option(
      '--type <pattern>',
      'events of this type: payment.failed, payment.* (several times)',
      several,
    )
    .option(
      '--state <state>',
      'deliveries that are held, delivered, dead or cancelled (several times)',
      several,
    )
    .option('--since <time>', 'events since: RFC 3339, or 30m, 24h, 7d')
    .option('--until <time>', 'events until')
    .option('--person <who>', 'of a person: per_…, a contact id, an e-mail address')
    .option('--rate <n>', 'deliveries a second')
    .option('--dry-run', 'only say how many, and of whom')
    .option('-y, --yes', `do not ask when they are more than ${UNASKED}`)
    .option('--detach', 'do not wait for the end')
    .action(replay)
    .addCommand(listCommand())
    .addCommand(steerCommand('stop', 'stops a replay where it is'))
    .addCommand(steerCommand('resume', 'goes on with a replay that was stopped'))
}

async function replay(
  event: string | undefined,
  options: Options,
  command: Command,
): Promise<void> {
  const api = apiOf(command)
  if (event !== undefined) return replayEvent(api, event, options, command)
  const json = {
    filter: filterOf(options),
    ...(options.rate === undefined ? {} : { per_second: Number(options.rate) }),
  }
  const plan = await answerOf(api.replays.$post({ json: { ...json, dry_run: true } }))
  const { json: isForProgram } = command.optsWithGlobals<GlobalOptions>()
  if (options.dryRun) return print(command, plan, planInWords)
  if (!isForProgram) console.log(planInWords(plan))
  if (plan.total === 0) return print(command, plan, () => 'There is nothing to send.')
  if (plan.total > UNASKED && !options.yes) await confirm(plan.total)
  // Only a dry run has no id.
  const begun = (await answerOf(api.replays.$post({ json }))) as Replay
  const done = options.detach || isForProgram ? begun : await follow(api, begun)
  print(
    command,
    done,
    ({ id, state, replayed, total }) => `${id} is ${state}: ${replayed} of ${total}.`,
  )
}

async function replayEvent(
  api: Api,
  id: string,
  { target, dryRun, ...rest }: Options,
  command: Command,
): Promise<void> {
  const odd = Object.keys(rest).filter((key) => key !== 'yes' && key !== 'detach')
  if (odd.length > 0) throw new UserError(`An event is replayed alone: leave out --${odd[0]}.`)
  const json = { dry_run: dryRun ?? false, ...(target === undefined ? {} : { targets: target }) }
  const answer = await answerOf(api.events[':id'].replay.$post({ param: { id }, json }))
  print(command, answer, ({ targets, replayed }) =>
    dryRun
      ? `${id} would be sent again to ${targets.join(', ') || 'nobody'}.`
      : `${id} is sent again to ${replayed.join(', ') || 'nobody: what waits for an attempt is left as it is'}.`,
  )
}

function filterOf({ target, source, type, state, since, until, person }: Options): Filter {
  const given = { target, source, type, state, since, until, person }
  const filter = Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  )
  if (Object.keys(filter).length === 0)
    throw new UserError('Say which: an event (evt_…), or a filter: see "replay --help".')
  return filter as Filter
}

function planInWords({ total, people, targets, types, states }: Planned): string {
  const rows = (counts: Record<string, number>, what: string) =>
    Object.entries(counts).map(([name, count]) => [what, name, count])
  return [
    `${pluralize(total, 'delivery', 'deliveries')} of ${pluralize(people, 'person', 'people')}:`,
    table(
      ['by', '', 'deliveries'],
      [...rows(targets, 'target'), ...rows(types, 'type'), ...rows(states, 'state')],
    ),
  ].join('\n')
}

async function confirm(total: number): Promise<void> {
  if (!process.stdin.isTTY) throw new UserError(`These are ${total}: say --yes to send them again.`)
  const asking = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await asking.question(`Send ${total} deliveries again? [y/N] `)
  asking.close()
  if (!/^y(es)?$/i.test(answer.trim())) throw new UserError('Nothing was sent.')
}

/** Shows how far a replay has come, until it is over. */
async function follow(api: Api, begun: Replay): Promise<Replay> {
  let replay = begun
  while (replay.state === 'running') {
    draw(replay)
    await new Promise((resolve) => setTimeout(resolve, PROGRESS_MS))
    replay = await answerOf(api.replays[':id'].$get({ param: { id: begun.id } }))
  }
  draw(replay)
  if (process.stderr.isTTY) process.stderr.write('\n')
  return replay
}

function draw({ replayed, total }: Replay): void {
  if (!process.stderr.isTTY) return
  const done = Math.round((BAR_WIDTH * replayed) / Math.max(total, 1))
  const bar = '█'.repeat(done) + '░'.repeat(Math.max(0, BAR_WIDTH - done))
  process.stderr.write(`\r${bar} ${replayed} of ${total} (Ctrl-C leaves it running)`)
}

function listCommand(): Command {
  return new Command('list')
    .description('the latest replays')
    .action(async (_options, command: Command) => {
      const answer = await answerOf(apiOf(command).replays.$get({ query: { limit: '20' } }))
      print(command, answer, ({ replays }) =>
        replays.length === 0
          ? 'There were none.'
          : table(
              ['replay', 'state', 'sent', 'of', 'started', 'filter'],
              replays.map(({ id, state, replayed, total, started_at, filter }) => [
                id,
                state,
                replayed,
                total,
                started_at,
                JSON.stringify(filter),
              ]),
            ),
      )
    })
}

function steerCommand(wish: 'stop' | 'resume', description: string): Command {
  return new Command(wish)
    .description(description)
    .argument('<replay>', 'rpl_…')
    .action(async (id: string, _options, command: Command) => {
      const request = apiOf(command).replays[':id'][wish].$post({ param: { id } })
      print(command, await answerOf(request), (replay) => `${id} is ${replay.state}.`)
    })
}
