// `tail`: shows events as they arrive. After a lost connection it reconnects and shows the events that it missed.
import { Command } from 'commander'
import { pluralize } from '../../../core/text.ts'
import { repeatable } from '../../command-line.ts'
import { type Api, answerOf, connect, type GlobalOptions, Unreachable } from '../client.ts'
import { printable } from '../output.ts'
import type { EventSummary } from './events.ts'

type Filter = { source?: string[]; type?: string[] }

const POLL_MS = 1000
/** How far back each poll reads. An event from the spill queue appears late, at the position of its receipt. */
const LATE_MS = 120_000
/** How often a poll reads all of that period. The others stop at the first page of known events. */
const FULL_READ_MS = 20_000
/** For how long after a reconnection events from the spill queue may still appear: one retry delay of the queue. */
const SPILLED_MS = 300_000
/** The longest delay between two polls while the relay does not respond. */
const MAX_DELAY_MS = 5000

/** The command. It runs until it is interrupted. */
export function tailCommand(): Command {
  return new Command('tail')
    .description('show events as they arrive; after a lost connection, also the missed ones')
    .option('--source <name>', 'only this source (repeatable)', repeatable)
    .option(
      '--type <pattern>',
      'only this event type: payment.failed, payment.* (repeatable)',
      repeatable,
    )
    .action(async (filter: Filter, command: Command) => {
      const globals = command.optsWithGlobals<GlobalOptions>()
      const api = connect(globals)
      const show = (event: EventSummary) =>
        console.log(globals.json ? JSON.stringify(event) : printable(lineOf(event)))
      await follow(api, filter, show, (message) => console.error(message))
    })
}

/** Polls for ever. `show` gets each new event, `notify` messages about the connection. */
async function follow(
  api: Api,
  filter: Filter,
  show: (event: EventSummary) => void,
  notify: (message: string) => void,
): Promise<never> {
  const read = readerOf(api, filter)
  // Marks the existing events as seen. If the relay does not respond here, the command fails; later it retries.
  await read({ ageMs: LATE_MS, isFull: true })
  notify('Waiting for events. Press Ctrl-C to stop.')
  let fullReadAt = Date.now()
  let lostAt: number | undefined
  // After an interruption: when it began, and until when events from the spill queue are expected.
  let spilled = { since: 0, until: 0 }
  for (let delay = POLL_MS; ; ) {
    await new Promise((resolve) => setTimeout(resolve, delay))
    const now = Date.now()
    const isFull = lostAt !== undefined || now - fullReadAt >= FULL_READ_MS
    const since = now < spilled.until ? spilled.since : (lostAt ?? now)
    try {
      const events = await read({ ageMs: now - since + LATE_MS, isFull })
      if (isFull) fullReadAt = now
      if (lostAt !== undefined) {
        notify(reconnectionMessage(lostAt, events.length))
        spilled = { since, until: now + SPILLED_MS }
      }
      for (const event of events) show(event)
      lostAt = undefined
      delay = POLL_MS
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error
      if (lostAt === undefined) notify('Connection lost. Retrying…')
      lostAt ??= now
      delay = Math.min(2 * delay, MAX_DELAY_MS)
    }
  }
}

function reconnectionMessage(lostAt: number, missed: number): string {
  const seconds = Math.round((Date.now() - lostAt) / 1000)
  const events = missed === 0 ? 'no missed events.' : `${pluralize(missed, 'missed event')}:`
  return `Reconnected after ${seconds} s; ${events}`
}

const MINUTE_MS = 60_000
const PAGE = 200

/**
 * Returns a function that reads events it has not returned before, oldest first, up to an age. With `isFull` it reads all
 * pages of that period, else it stops at the first page without a new event. The period is sent as an age, so that the
 * clock of the relay applies, not the one of this machine.
 */
function readerOf(api: Api, filter: Filter) {
  const seen = new Map<string, number>()
  return async ({ ageMs, isFull }: { ageMs: number; isFull: boolean }) => {
    const minutes = Math.ceil(ageMs / MINUTE_MS)
    const query = { ...filter, since: `${minutes}m`, limit: String(PAGE) }
    const events: EventSummary[] = []
    for (let next: string | null | undefined; next !== null; ) {
      const request = api.events.$get({ query: { ...query, ...(next ? { next } : {}) } })
      const page: { events: EventSummary[]; next: string | null } = await answerOf(request)
      const unseen = page.events.filter(({ id }) => !seen.has(id))
      events.push(...unseen)
      const isKnown = unseen.length === 0 && page.events.length === PAGE
      next = isKnown && !isFull ? null : page.next
    }
    const now = Date.now()
    for (const { id } of events) seen.set(id, now)
    for (const [id, at] of seen) {
      if (at >= now - (minutes + 1) * MINUTE_MS) break
      seen.delete(id)
    }
    return events.reverse()
  }
}

function lineOf({
  receivedat,
  id,
  source,
  type,
  status,
  deliveries_created: created,
}: EventSummary): string {
  const result = status === 'accepted' || status === 'inferred' ? `→ ${created}` : status
  return `${receivedat}  ${id}  ${source.padEnd(10)}  ${type.padEnd(28)}  ${result}`
}
