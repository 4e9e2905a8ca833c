// `events`: a list of received events.
import { Command } from 'commander'
import { EVENT_STATUSES, type EventStatus } from '../../../../core/events/event.ts'
import { repeatable } from '../../../command-line.ts'
import { type Answer, type Api, answerOf, apiOf } from '../../client.ts'
import { type Column, printList, withColumns } from '../../columns.ts'
import { type FilterOptions, queryOf, readPages, withFilters } from '../../lists.ts'
import { stateColour } from '../../states.ts'

/** An event in a list. */
export type EventSummary = Answer<Awaited<ReturnType<Api['events']['$get']>>>['events'][number]
type Options = FilterOptions & { status?: EventStatus[]; unrouted?: true }

const COLUMNS: Column<EventSummary>[] = [
  { name: 'received', value: ({ receivedat }) => receivedat, isTime: true },
  { name: 'event', value: ({ id }) => id },
  { name: 'source', value: ({ source }) => source, isCut: true },
  { name: 'type', value: ({ type }) => type, isCut: true },
  { name: 'status', value: ({ status }) => status, paint: stateColour },
  { name: 'deliveries', value: ({ deliveries_created }) => deliveries_created },
  { name: 'subject', value: ({ subject }) => subject, isCut: true },
  { name: 'person', value: ({ personid }) => personid, isExtra: true },
  { name: 'vendor type', value: ({ vendortype }) => vendortype, isExtra: true, isCut: true },
]

/** The command. */
export function eventsCommand(): Command {
  return withColumns(withFilters(new Command('events')), COLUMNS)
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
      printList(command, {
        name: 'events',
        items: events,
        columns: COLUMNS,
        none: 'No events match.',
      })
    })
}
