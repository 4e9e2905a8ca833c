// `deliveries`: a list of deliveries by target, state and event.
import { Command } from 'commander'
import {
  DELIVERY_STATES,
  type DeliveryState,
  nextAttempt,
} from '../../../core/deliveries/delivery.ts'
import { repeatable } from '../../command-line.ts'
import { table } from '../../table.ts'
import { type Answer, type Api, answerOf, apiOf } from '../client.ts'
import { type FilterOptions, queryOf, readPages, withFilters } from '../lists.ts'
import { print } from '../output.ts'

type Delivery = Answer<Awaited<ReturnType<Api['deliveries']['$get']>>>['deliveries'][number]
type Options = FilterOptions & { target?: string[]; state?: DeliveryState[] }

/** The command. */
export function deliveriesCommand(): Command {
  return withFilters(new Command('deliveries'))
    .description('list deliveries and their state, newest first')
    .option('--target <name>', 'only this target (repeatable)', repeatable)
    .option(
      '--state <state>',
      `only this state: ${DELIVERY_STATES.join(', ')} (repeatable)`,
      repeatable,
    )
    .action(async ({ target, state, ...options }: Options, command: Command) => {
      const api = apiOf(command)
      const filter = {
        ...queryOf(options),
        ...(target === undefined ? {} : { target }),
        ...(state === undefined ? {} : { state }),
      }
      const deliveries = await readPages(options.limit, async (page) => {
        const answer = await answerOf(api.deliveries.$get({ query: { ...filter, ...page } }))
        return { items: answer.deliveries, next: answer.next }
      })
      print(command, { deliveries }, textOf)
    })
}

function textOf({ deliveries }: { deliveries: Delivery[] }): string {
  if (deliveries.length === 0) return 'No deliveries match.'
  return table(
    [
      'received',
      'event',
      'type',
      'target',
      'state',
      'attempts',
      'last result',
      'next attempt',
      'reason',
    ],
    deliveries.map(({ receivedat, event, type, target, state, attempts, last, due, reason }) => [
      receivedat,
      event,
      type,
      target,
      state,
      attempts,
      String(last?.status ?? last?.error ?? ''),
      nextAttempt(state, due) ?? '',
      reason ?? '',
    ]),
  )
}
