// `events`: a list of received events.
import { Command } from 'commander'
import { EVENT_STATUSES, type EventStatus } from '../../../core/events/event.ts'
import { repeatable } from '../../command-line.ts'
import { table } from '../../table.ts'
import { type Answer, type Api, answerOf, apiOf } from '../client.ts'
import { type FilterOptions, queryOf, readPages, withFilters } from '../lists.ts'
import { print } from '../output.ts'

/** An event in a list. */
export type EventSummary = Answer<Awaited<ReturnType<Api['events']['$get']>>>['events'][number]
type Options = FilterOptions & { status?: EventStatus[]; unrouted?: true }

/** The command. */
export function eventsCommand(): Command {
  return withFilters(new Command('events'))
    .description('list events, newest first')
    .option(
      '--status <status>',
      `only this status: ${EVENT_STATUSES.join(', ')} (repeatable)`,
      repeatable,
    )
    .option('--unrouted', 'only events that no target matched')
    .action(async ({ status, unrouted, ...options }: Options, command: Command) => {
      const api = apiOf(command)
      const filter = {
        ...queryOf(options),
        ...(status === undefined ? {} : { status }),
        ...(unrouted ? { unrouted: 'true' as const } : {}),
      }
      const events = await readPages(options.limit, async (page) => {
        const answer = await answerOf(api.events.$get({ query: { ...filter, ...page } }))
        return { items: answer.events, next: answer.next }
      })
      print(command, { events }, textOf)
    })
}

function textOf({ events }: { events: EventSummary[] }): string {
  if (events.length === 0) return 'No events match.'
  return table(
    ['received', 'event', 'source', 'type', 'status', 'deliveries', 'subject'],
    events.map(({ receivedat, id, source, type, status, deliveries_created, subject }) => [
      receivedat,
      id,
      source,
      type,
      status,
      deliveries_created,
      subject ?? '',
    ]),
  )
}
