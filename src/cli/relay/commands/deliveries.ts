// `deliveries`: what each target was sent, is owed, or will not get.
import { Command } from 'commander'
import { DELIVERY_STATES, type DeliveryState } from '../../../core/deliveries/delivery.ts'
import { type Answer, type Api, answerOf, apiOf } from '../client.ts'
import { type FilterOptions, filtered, queryOf, readPages } from '../filter.ts'
import { print, several } from '../output.ts'
import { table } from '../table.ts'

type Delivery = Answer<Awaited<ReturnType<Api['deliveries']['$get']>>>['deliveries'][number]
type Options = FilterOptions & { target?: string[]; state?: DeliveryState[] }

/** The command. */
export function deliveriesCommand(): Command {
  return filtered(new Command('deliveries'))
    .description('what each target was sent, is owed, or will not get')
    .option('--target <name>', 'to this target (several times)', several)
    .option('--state <state>', `${DELIVERY_STATES.join(', ')} (several times)`, several)
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
      print(command, { deliveries }, inWords)
    })
}

function inWords({ deliveries }: { deliveries: Delivery[] }): string {
  if (deliveries.length === 0) return 'There are none.'
  return table(
    [
      'received',
      'event',
      'type',
      'target',
      'state',
      'attempts',
      'answer',
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
      due ?? '',
      reason ?? '',
    ]),
  )
}
