// `targets`, `pause`, `resume` and `test`: the state of targets, and how to change it.
import { Command } from 'commander'
import type { SetStatus } from '../../../command-line.ts'
import { type Answer, type Api, answerOf, apiOf } from '../../client.ts'
import { type Column, printList, withColumns } from '../../columns.ts'
import { print } from '../../output.ts'
import { stateColour } from '../../states.ts'

type Targets = Answer<Awaited<ReturnType<Api['targets']['$get']>>>
type Target = Targets['targets'][number]
type TestResult = Answer<Awaited<ReturnType<Api['targets'][':name']['test']['$post']>>>

const COLUMNS: Column<Target>[] = [
  { name: 'target', value: ({ name }) => name, isCut: true },
  { name: 'state', value: ({ state }) => state, paint: stateColour },
  { name: 'backlog', value: ({ figures }) => backlogOf(figures) },
  { name: 'last success', value: ({ figures }) => figures?.last_success?.at, isTime: true },
  { name: 'last failure', value: ({ figures }) => figures?.last_failure?.at, isTime: true },
  { name: 'failures', value: ({ failures }) => failures },
  { name: 'failing since', value: (target) => target.failing_since, isTime: true, isExtra: true },
  { name: 'next probe', value: ({ next_probe_at }) => next_probe_at, isTime: true },
  { name: 'reason', value: ({ reason }) => reason, isCut: true },
]

/** The command. The exit status is 1 if a target is neither active nor disabled. */
export function targetsCommand(setStatus: SetStatus): Command {
  return withColumns(new Command('targets'), COLUMNS)
    .description('list targets with state and backlog; exit status 1 if one is not active')
    .action(async (_options, command: Command) => {
      const answer = await answerOf(apiOf(command).targets.$get())
      printList(command, {
        name: 'targets',
        items: answer.targets,
        columns: COLUMNS,
        none: 'No targets are configured.',
        more: { as_of: answer.as_of, unreadable: answer.unreadable },
      })
      const isFine = ({ state }: Target) => state === 'active' || state === 'disabled'
      setStatus(answer.targets.every(isFine) ? 0 : 1)
    })
}

/** How many deliveries wait, as of the last minute. */
function backlogOf(figures: Target['figures']): number {
  const { pending = 0, retrying = 0, held = 0 } = figures?.backlog ?? {}
  return pending + retrying + held
}

/** The command. */
export function pauseCommand(): Command {
  return new Command('pause')
    .description('pause a target: its deliveries are held until it is resumed')
    .argument('<target>', 'name of the target')
    .action(async (name: string, _options, command: Command) => {
      const request = apiOf(command).targets[':name'].pause.$post({ param: { name } })
      print(command, await answerOf(request), stateText)
    })
}

/** The command. */
export function resumeCommand(): Command {
  return new Command('resume')
    .description('resume a target that was paused or stopped, and send its held deliveries')
    .argument('<target>', 'name of the target')
    .action(async (name: string, _options, command: Command) => {
      const request = apiOf(command).targets[':name'].resume.$post({ param: { name } })
      print(command, await answerOf(request), stateText)
    })
}

function stateText({ name, state }: Target): string {
  return `${name} is ${state}.`
}

/** The command. The exit status is 1 if the target did not accept the event. */
export function testCommand(setStatus: SetStatus): Command {
  return new Command('test')
    .description('send a test event to a target in any state, and show its response')
    .argument('<target>', 'name of the target')
    .action(async (name: string, _options, command: Command) => {
      const request = apiOf(command).targets[':name'].test.$post({ param: { name } })
      const result = await answerOf(request)
      print(command, result, testText)
      setStatus(result.delivered ? 0 : 1)
    })
}

function testText({ event, words }: TestResult): string {
  return [...words, `Details: relay event ${event}`].join('\n')
}
