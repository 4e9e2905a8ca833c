// `targets`, `pause`, `resume`, `test`: how the targets fare, and steering them.
import { Command } from 'commander'
import { describeAnswer } from '../../../core/text.ts'
import { type Answer, type Api, answerOf, apiOf } from '../client.ts'
import { print } from '../output.ts'
import { table } from '../table.ts'

type Targets = Answer<Awaited<ReturnType<Api['targets']['$get']>>>
type Target = Targets['targets'][number]
type Tried = Answer<Awaited<ReturnType<Api['targets'][':name']['test']['$post']>>>

/** The command; `finish` is told 1 when a target is not well. */
export function targetsCommand(finish: (status: number) => void): Command {
  return new Command('targets')
    .description('the targets, and how they fare; exit status 1 when one is not well')
    .action(async (_options, command: Command) => {
      const answer = await answerOf(apiOf(command).targets.$get())
      print(command, answer, targetsInWords)
      finish(
        answer.targets.every(({ state }) => state === 'active' || state === 'disabled') ? 0 : 1,
      )
    })
}

function targetsInWords({ targets }: Targets): string {
  if (targets.length === 0) return 'No targets are configured.'
  const head = [
    'target',
    'state',
    'waiting',
    'last success',
    'last failure',
    'failures',
    'failing since',
    'next probe',
    'reason',
  ]
  return table(
    head,
    targets.map(({ name, state, failures, failing_since, next_probe_at, reason, figures }) => [
      name,
      state,
      waiting(figures),
      figures?.last_success?.at ?? '',
      figures?.last_failure?.at ?? '',
      failures,
      failing_since ?? '',
      next_probe_at ?? '',
      reason ?? '',
    ]),
  )
}

/** How many deliveries wait, as of the last minute. */
function waiting(figures: Target['figures']): number {
  const { pending = 0, retrying = 0, held = 0 } = figures?.backlog ?? {}
  return pending + retrying + held
}

/** The command. */
export function pauseCommand(): Command {
  return new Command('pause')
    .description('holds what a target is owed, until it is resumed')
    .argument('<target>')
    .action(async (name: string, _options, command: Command) => {
      const request = apiOf(command).targets[':name'].pause.$post({ param: { name } })
      print(command, await answerOf(request), inWords)
    })
}

/** The command. */
export function resumeCommand(): Command {
  return new Command('resume')
    .description('sends to a target again, whatever stopped that')
    .argument('<target>')
    .action(async (name: string, _options, command: Command) => {
      const request = apiOf(command).targets[':name'].resume.$post({ param: { name } })
      print(command, await answerOf(request), inWords)
    })
}

function inWords({ name, state }: Target): string {
  return `${name} is ${state}.`
}

/** The command; `finish` is told 1 when the target did not take it. */
export function testCommand(finish: (status: number) => void): Command {
  return new Command('test')
    .description('sends a test event to a target, whatever its state, and says what it answered')
    .argument('<target>')
    .action(async (name: string, _options, command: Command) => {
      const request = apiOf(command).targets[':name'].test.$post({ param: { name } })
      const tried = await answerOf(request)
      print(command, tried, (answer) => triedInWords(name, answer))
      finish(tried.delivered ? 0 : 1)
    })
}

function triedInWords(name: string, { event, attempt }: Tried): string {
  const { response } = attempt
  return `${describeAnswer(name, attempt)}${response ? `: ${response}` : ''}\n${event} shows it whole.`
}
