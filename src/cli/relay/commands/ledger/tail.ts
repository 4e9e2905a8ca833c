// `tail`: shows events as they arrive, or deliveries as they change. After a lost connection it reconnects and shows what it
// missed.
import { Command } from 'commander'
import { DELIVERY_STATES } from '../../../../core/deliveries/delivery.ts'
import { EVENT_STATUSES, type EventStatus } from '../../../../core/events/event.ts'
import { pluralize } from '../../../../core/text.ts'
import { repeatable } from '../../../command-line.ts'
import { UserError } from '../../../user-error.ts'
import { type Api, answerOf, connect, type GlobalOptions, Unreachable } from '../../client.ts'
import { printable } from '../../output.ts'
import { type Delivery, statesOf } from '../deliveries/deliveries.ts'
import type { EventSummary } from '../events/events.ts'

type Filter = {
  source?: string[]
  type?: string[]
  status?: EventStatus[]
  target?: string[]
  state?: string[]
}
type Page<Item> = { items: Item[]; next: string | null }

/** What is followed. `keyOf`: equal for what is the same, so that each is shown once. */
type Stream<Item> = {
  readPage: (page: { since?: string; limit: string; next?: string }) => Promise<Page<Item>>
  keyOf: (item: Item) => string
  lineOf: (item: Item) => string
}

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
    .description('show events as they arrive; with --target or --state, deliveries as they change')
    .option('-n, --lines <n>', 'begin with this many of the latest', '10')
    .option('--source <name>', 'only this source (repeatable)', repeatable)
    .option(
      '--type <pattern>',
      'only this event type: payment.failed, payment.* (repeatable)',
      repeatable,
    )
    .option(
      '--status <status>',
      `only events of this status: ${EVENT_STATUSES.join(', ')} (repeatable)`,
      repeatable,
    )
    .option('--target <name>', 'only deliveries to this target (repeatable)', repeatable)
    .option(
      '--state <state>',
      `only deliveries in this state: ${DELIVERY_STATES.join(', ')}, failed (repeatable)`,
      repeatable,
    )
    .action(async ({ lines, ...filter }: Filter & { lines: string }, command: Command) => {
      const globals = command.optsWithGlobals<GlobalOptions>()
      const api = connect(globals)
      const isOfDeliveries = filter.target !== undefined || filter.state !== undefined
      if (isOfDeliveries && filter.status !== undefined)
        throw new UserError(
          '--status is for events: it cannot be combined with --target or --state.',
        )
      const isCount = /^\d{1,3}$/.test(lines) && Number(lines) <= PAGE
      if (!isCount)
        throw new UserError(`--lines must be a number from 0 to ${PAGE}, not "${lines}".`)
      const start = <Item>(stream: Stream<Item>) => {
        const show = (item: Item) =>
          console.log(globals.json ? JSON.stringify(item) : printable(stream.lineOf(item)))
        return follow(stream, Number(lines), show, (message) => console.error(message))
      }
      await (isOfDeliveries ? start(deliveriesOf(api, filter)) : start(eventsOf(api, filter)))
    })
}

function eventsOf(api: Api, { source, type, status }: Filter): Stream<EventSummary> {
  const filter = {
    ...(source === undefined ? {} : { source }),
    ...(type === undefined ? {} : { type }),
    ...(status === undefined ? {} : { status }),
  }
  return {
    readPage: async (page) => {
      const { events, next } = await answerOf(api.events.$get({ query: { ...filter, ...page } }))
      return { items: events, next }
    },
    keyOf: ({ id }) => id,
    lineOf: eventLine,
  }
}

function deliveriesOf(api: Api, { source, type, target, state }: Filter): Stream<Delivery> {
  const filter = {
    ...(source === undefined ? {} : { source }),
    ...(type === undefined ? {} : { type }),
    ...(target === undefined ? {} : { target }),
    ...(state === undefined ? {} : { state: statesOf(state) }),
  }
  return {
    readPage: async (page) => {
      const request = api.deliveries.$get({ query: { ...filter, ...page } })
      const { deliveries, next } = await answerOf(request)
      return { items: deliveries, next }
    },
    keyOf: ({ event, target, state, attempts }) => [event, target, state, attempts].join(' '),
    lineOf: deliveryLine,
  }
}

/** Shows the latest `lines`, then polls for ever. `show` gets each new item, `notify` messages about the connection. */
async function follow<Item>(
  stream: Stream<Item>,
  lines: number,
  show: (item: Item) => void,
  notify: (message: string) => void,
): Promise<never> {
  const read = readerOf(stream)
  const latest = lines === 0 ? [] : await latestOf(stream, lines)
  // Marks what exists as seen. If the relay does not respond here, the command fails; later it retries.
  const known = await read({ ageMs: LATE_MS, isFull: true })
  const last = latest.at(-1)
  const isLast = (item: Item) => last !== undefined && stream.keyOf(item) === stream.keyOf(last)
  const between = lines === 0 ? [] : known.slice(known.findIndex(isLast) + 1)
  for (const item of [...latest, ...between]) show(item)
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
      const items = await read({ ageMs: now - since + LATE_MS, isFull })
      if (isFull) fullReadAt = now
      if (lostAt !== undefined) {
        notify(reconnectionMessage(lostAt, items.length))
        spilled = { since, until: now + SPILLED_MS }
      }
      for (const item of items) show(item)
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
  const what = missed === 0 ? 'nothing was missed.' : `missed ${pluralize(missed, 'line')}:`
  return `Reconnected after ${seconds} s; ${what}`
}

const MINUTE_MS = 60_000
const PAGE = 200

/** The latest items, the oldest of them first. */
async function latestOf<Item>({ readPage }: Stream<Item>, count: number): Promise<Item[]> {
  const items: Item[] = []
  for (let next: string | null | undefined; next !== null && items.length < count; ) {
    const page = await readPage({ limit: String(count - items.length), ...(next ? { next } : {}) })
    items.push(...page.items)
    next = page.next
  }
  return items.reverse()
}

/**
 * Returns a function that reads items it has not returned before, oldest first, up to an age. With `isFull` it reads all
 * pages of that period, else it stops at the first page without a new one. The period is sent as an age, so that the
 * clock of the relay applies, not the one of this machine.
 */
function readerOf<Item>({ readPage, keyOf }: Stream<Item>) {
  const seen = new Map<string, number>()
  return async ({ ageMs, isFull }: { ageMs: number; isFull: boolean }) => {
    const minutes = Math.ceil(ageMs / MINUTE_MS)
    const items: Item[] = []
    for (let next: string | null | undefined; next !== null; ) {
      const query = { since: `${minutes}m`, limit: String(PAGE), ...(next ? { next } : {}) }
      const page: Page<Item> = await readPage(query)
      const unseen = page.items.filter((item) => !seen.has(keyOf(item)))
      items.push(...unseen)
      const isKnown = unseen.length === 0 && page.items.length === PAGE
      next = isKnown && !isFull ? null : page.next
    }
    const now = Date.now()
    for (const item of items) seen.set(keyOf(item), now)
    for (const [key, at] of seen) {
      if (at >= now - (minutes + 1) * MINUTE_MS) break
      seen.delete(key)
    }
    return items.reverse()
  }
}

function eventLine({
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

function deliveryLine({
  event,
  type,
  target,
  state,
  attempts,
  last,
  receivedat,
}: Delivery): string {
  const result = last === null ? '' : `  ${last.status ?? last.error} (attempt ${attempts})`
  return `${last?.at ?? receivedat}  ${event}  ${target.padEnd(10)}  ${type.padEnd(28)}  ${state}${result}`
}
