// `deliveries`: a list of deliveries by target, state and event.
import { Command } from 'commander'
import {
  DELIVERY_STATES,
  type DeliveryState,
  nextAttempt,
} from '../../../../core/deliveries/delivery.ts'
import { repeatable } from '../../../command-line.ts'
import { type Answer, type Api, answerOf, apiOf } from '../../client.ts'
import { type Column, printList, withColumns } from '../../columns.ts'
import { type FilterOptions, queryOf, readPages, withFilters } from '../../lists.ts'
import { stateColour } from '../../states.ts'

export type Delivery = Answer<Awaited<ReturnType<Api['deliveries']['$get']>>>['deliveries'][number]
type Options = FilterOptions & { target?: string[]; state?: string[] }

/** What people call a delivery that did not arrive: given up, or about to be tried again. */
const FAILED: DeliveryState[] = ['dead', 'retrying']

const COLUMNS: Column<Delivery>[] = [
  { name: 'event', value: ({ event }) => event },
  { name: 'type', value: ({ type }) => type, isCut: true },
  { name: 'target', value: ({ target }) => target, isCut: true },
  { name: 'state', value: ({ state }) => state, paint: stateColour },
  { name: 'attempts', value: ({ attempts }) => attempts },
  { name: 'attempted', value: ({ last }) => last?.at, isTime: true },
  { name: 'result', value: ({ last }) => String(last?.status ?? last?.error ?? ''), isCut: true },
  { name: 'next', value: ({ state, due }) => nextAttempt(state, due), isTime: true },
  { name: 'reason', value: ({ reason }) => reason, isExtra: true, isCut: true },
  { name: 'received', value: ({ receivedat }) => receivedat, isExtra: true, isTime: true },
]

/** The states that `--state` names: `failed` is the word for two of them. */
export function statesOf(words: readonly string[]): DeliveryState[] {
  return [
    ...new Set(words.flatMap((word) => (word === 'failed' ? FAILED : (word as DeliveryState)))),
  ]
}

/** The command. */
export function deliveriesCommand(): Command {
  return withColumns(withFilters(new Command('deliveries')), COLUMNS)
    .description('list deliveries and their state, newest first')
    .option('--target <name>', 'only this target (repeatable)', repeatable)
    .option(
      '--state <state>',
      `only this state: ${DELIVERY_STATES.join(', ')}, or failed for dead and retrying (repeatable)`,
      repeatable,
    )
    .action(async ({ target, state, ...options }: Options, command: Command) => {
      const api = apiOf(command)
      const filter = {
        ...queryOf(options),
        ...(target === undefined ? {} : { target }),
        ...(state === undefined ? {} : { state: statesOf(state) }),
      }
      const deliveries = await readPages(options.limit, async (page) => {
        const answer = await answerOf(api.deliveries.$get({ query: { ...filter, ...page } }))
        return { items: answer.deliveries, next: answer.next }
      })
      const none = 'No deliveries match.'
      printList(command, { name: 'deliveries', items: deliveries, columns: COLUMNS, none })
    })
}
