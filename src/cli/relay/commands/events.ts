// `events`: what came, and what was made of it.
import { Command } from 'commander'
import { EVENT_STATUSES, type EventStatus } from '../../../core/events/event.ts'
import { type Answer, type Api, answerOf, apiOf } from '../client.ts'
import { type FilterOptions, filtered, queryOf, readPages } from '../filter.ts'
import { print, several } from '../output.ts'
import { table } from '../table.ts'

/** An event as a list shows it. */
export type EventSummary = Answer<Awaited<ReturnType<Api['events']['$get']>>>['events'][number]
type Options = FilterOptions & { status?: EventStatus[]; unrouted?: true }

/** The command. */
export function eventsCommand(): Command {
  return filtered(new Command('events'))
    .description('what came, the newest first')
    .option('--status <status>', `${EVENT_STATUSES.join(', ')} (several times)`, several)
    .option('--unrouted', 'only what no target wanted')
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
      print(command, { events }, eventsInWords)
    })
}

function eventsInWords({ events }: { events: EventSummary[] }): string {
  if (events.length === 0) return 'There are none.'
  return table(
    ['received', 'event', 'source', 'type', 'status', 'deliveries', 'subject'],
    events.map(({ receivedat, id, source, type, status, planned, subject }) => [
      receivedat,
      id,
      source,
      type,
      status,
      planned,
      subject ?? '',
    ]),
  )
}
