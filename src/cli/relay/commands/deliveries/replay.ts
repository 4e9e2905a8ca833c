// `replay`: resends one event, or all deliveries that a filter matches, after showing how many there are.
import process from 'node:process'
import { createInterface } from 'node:readline/promises'
import { Command } from 'commander'
import { pluralize } from '../../../../core/text.ts'
import { repeatable } from '../../../command-line.ts'
import { table } from '../../../table.ts'
import { UserError } from '../../../user-error.ts'
import { type Answer, type Api, answerOf, apiOf, type GlobalOptions } from '../../client.ts'
import { print } from '../../output.ts'

/** More deliveries than this are resent only after a confirmation. */
const MAX_UNCONFIRMED = 100

const PROGRESS_MS = 1000
const BAR_WIDTH = 30

type Filter = Parameters<Api['replays']['$post']>[0]['json']['filter']
type Plan = Answer<Awaited<ReturnType<Api['replays']['$post']>>>
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
    .description('resend one event, or all deliveries that match a filter')
    .argument('[event]', 'evt_…: resend only this event, to --target or to all targets that had it')
    .option('--target <name>', 'only this target (repeatable)', repeatable)
    .option('--source <name>', 'only this source (repeatable)', repeatable)
    .option(
      '--type <pattern>',
      'only this event type: payment.failed, payment.* (repeatable)',
      repeatable,
    )
    .option(
      '--state <state>',
      'only deliveries that are held, delivered, dead or cancelled (repeatable); failed means dead',
      repeatable,
    )
    .option('--since <time>', 'RFC 3339, or how long ago: 30m, 24h, 7d')
    .option('--until <time>', 'RFC 3339, or how long ago: 30m, 24h, 7d')
    .option('--person <id>', 'only this person: per_…, a contact id or an e-mail address')
    .option('--rate <n>', 'deliveries per second')
    .option('--dry-run', 'only show how many deliveries match')
    .option(
      '-y, --yes',
      `do not ask before resending more than ${MAX_UNCONFIRMED} deliveries, or to a target that never wanted the event`,
    )
    .option('--detach', 'do not wait until the replay has finished')
    .action(replay)
    .addCommand(listCommand())
    .addCommand(controlCommand('stop', 'stop a running replay'))
    .addCommand(controlCommand('resume', 'resume a stopped replay'))
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
  const { json: isJson } = command.optsWithGlobals<GlobalOptions>()
  if (options.dryRun || (plan.total === 0 && plan.counted)) return print(command, plan, planText)
  if (!isJson) console.log(planText(plan))
  const isMany = plan.total > MAX_UNCONFIRMED || !plan.counted
  if (isMany && !options.yes) await confirm(`${amountOf(plan)} match`)
  // Without `dry_run`, the answer is a replay with an id.
  const started = (await answerOf(api.replays.$post({ json }))) as Replay
  const result = options.detach || isJson ? started : await follow(api, started)
  print(command, result, resultText)
}

async function replayEvent(
  api: Api,
  id: string,
  { target, dryRun, ...rest }: Options,
  command: Command,
): Promise<void> {
  const [extra] = Object.keys(rest).filter((key) => key !== 'yes' && key !== 'detach')
  if (extra !== undefined)
    throw new UserError(`--${extra} cannot be combined with an event: it is for filters.`)
  const ask = (how: { dry_run?: boolean; force?: boolean }) => {
    const json = { ...how, ...(target === undefined ? {} : { targets: target }) }
    return answerOf(api.events[':id'].replay.$post({ param: { id }, json }))
  }
  if (target !== undefined && !dryRun && !rest.yes) {
    const { unwanted } = await ask({ dry_run: true })
    if (unwanted.length > 0) await confirm(`${unwanted.join(', ')} never wanted ${id}`)
  }
  const answer = await ask(dryRun ? { dry_run: true } : { force: true })
  print(command, answer, ({ targets, unwanted, replayed }) => {
    const never = unwanted.length > 0 ? ` (${unwanted.join(', ')} never wanted it)` : ''
    if (dryRun) return `${id} would be resent to ${targets.join(', ') || 'no target'}${never}.`
    if (replayed.length > 0) return `${id} is queued again for ${replayed.join(', ')}.`
    return `Nothing to resend: every delivery of ${id} still waits for an attempt, or there is none.`
  })
}

function filterOf({ target, source, type, state, since, until, person }: Options): Filter {
  // Those that are retrying are sent anyway.
  const ended = state?.map((word) => (word === 'failed' ? 'dead' : word))
  const given = { target, source, type, state: ended, since, until, person }
  const filter = Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  )
  if (Object.keys(filter).length === 0)
    throw new UserError('Missing event (evt_…) or filter: see "relay replay --help".')
  return filter as Filter
}

function resultText({ id, state, replayed, missing, ...counts }: Replay): string {
  const queued = `${id} is ${state}: ${replayed} of ${amountOf(counts)} queued.`
  if (!missing) return queued
  const lost = `${pluralize(missing, 'delivery', 'deliveries')} could not be sent`
  return `${queued} ${lost}: deleted by retention, or changed before their turn.`
}

/** How many deliveries match. A long period is not counted to its end yet. */
function amountOf({ total, counted }: Pick<Replay, 'total' | 'counted'>): string {
  return `${counted ? '' : 'at least '}${pluralize(total, 'delivery', 'deliveries')}`
}

function planText({ people, targets, types, states, ...counts }: Plan): string {
  if (counts.total === 0 && counts.counted) return 'No deliveries match.'
  const rows = (counts: Record<string, number>, by: string) =>
    Object.entries(counts).map(([name, count]) => [by, name, count])
  return [
    `${amountOf(counts)} of ${pluralize(people, 'person', 'people')}:`,
    table(
      ['by', '', 'deliveries'],
      [...rows(targets, 'target'), ...rows(types, 'type'), ...rows(states, 'state')],
    ),
  ].join('\n')
}

/** Asks at the terminal. Throws a UserError if the answer is not yes, or there is no terminal. */
async function confirm(fact: string): Promise<void> {
  if (!process.stdin.isTTY) throw new UserError(`${fact}: pass --yes to resend all the same.`)
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await terminal.question(`${fact}. Resend all the same? [y/N] `)
  terminal.close()
  if (!/^y(es)?$/i.test(answer.trim())) throw new UserError('Cancelled: nothing was sent.')
}

/** Shows the progress of a replay until it is no longer running. Returns its last state. */
async function follow(api: Api, started: Replay): Promise<Replay> {
  let replay = started
  while (replay.state === 'running') {
    drawProgress(replay)
    await new Promise((resolve) => setTimeout(resolve, PROGRESS_MS))
    replay = await answerOf(api.replays[':id'].$get({ param: { id: started.id } }))
  }
  drawProgress(replay)
  if (process.stderr.isTTY) process.stderr.write('\n')
  return replay
}

function drawProgress({ replayed, total }: Replay): void {
  if (!process.stderr.isTTY) return
  const done = Math.round((BAR_WIDTH * replayed) / Math.max(total, 1))
  const bar = '█'.repeat(done) + '░'.repeat(Math.max(0, BAR_WIDTH - done))
  process.stderr.write(`\r${bar} ${replayed} of ${total} (Ctrl-C exits, the replay continues)`)
}

function listCommand(): Command {
  return new Command('list')
    .description('list recent replays')
    .action(async (_options, command: Command) => {
      const answer = await answerOf(apiOf(command).replays.$get({ query: { limit: '20' } }))
      print(command, answer, ({ replays }) =>
        replays.length === 0
          ? 'No replays.'
          : table(
              ['replay', 'state', 'queued', 'of', 'missing', 'started', 'filter'],
              replays.map(({ id, state, replayed, total, missing, started_at, filter }) => [
                id,
                state,
                replayed,
                total,
                missing ?? '',
                started_at,
                JSON.stringify(filter),
              ]),
            ),
      )
    })
}

function controlCommand(action: 'stop' | 'resume', description: string): Command {
  return new Command(action)
    .description(description)
    .argument('<replay>', 'rpl_…')
    .action(async (id: string, _options, command: Command) => {
      const request = apiOf(command).replays[':id'][action].$post({ param: { id } })
      print(command, await answerOf(request), (replay) => `${id} is ${replay.state}.`)
    })
}
