// `tail`: events as they come in. A lost connection is told, and so is what came meanwhile.
import { Command } from 'commander'
import { type Api, answerOf, connect, type GlobalOptions, Unreachable } from './client.ts'
import type { EventSummary } from './events.ts'
import { counted, several } from './output.ts'

type Filter = { source?: string[]; type?: string[] }

const POLL_MS = 1000
/** How far back is looked for what is recorded late: a spilled event has the id of its receipt. */
const LATE_MS = 120_000
/** The longest pause between two tries while nothing answers. */
const LONGEST_PAUSE_MS = 5000

/** The command. It ends when it is interrupted. */
export function tailCommand(): Command {
  return new Command('tail')
    .description('shows events as they come in; after a lost connection, those that came meanwhile')
    .option('--source <name>', 'of this source (several times)', several)
    .option('--type <pattern>', 'payment.failed, payment.* (several times)', several)
    .action(async (filter: Filter, command: Command) => {
      const globals = command.optsWithGlobals<GlobalOptions>()
      const api = connect(globals)
      const show = (event: EventSummary) =>
        console.log(globals.json ? JSON.stringify(event) : lineOf(event))
      await follow(api, filter, show, (words) => console.error(words))
    })
}

/** Shows what comes, for ever. `tell` is for what is no event. */
async function follow(
  api: Api,
  filter: Filter,
  show: (event: EventSummary) => void,
  tell: (words: string) => void,
): Promise<never> {
  const seen = new Map<string, number>()
  const reader = readerOf(api, filter, seen)
  // What is there already is not shown, and a relay that never answered is not waited for.
  await reader(Date.now())
  tell('Waiting for events. Ctrl-C ends.')
  let lostAt: number | undefined
  for (let pause = POLL_MS; ; ) {
    await new Promise((resolve) => setTimeout(resolve, pause))
    try {
      const fresh = await reader(lostAt ?? Date.now())
      if (lostAt !== undefined) tell(regained(lostAt, fresh.length))
      for (const event of fresh) show(event)
      lostAt = undefined
      pause = POLL_MS
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error
      if (lostAt === undefined) tell('The connection is lost. Trying again…')
      lostAt ??= Date.now()
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS)
    }
  }
}

function regained(lostAt: number, missed: number): string {
  const seconds = Math.round((Date.now() - lostAt) / 1000)
  const came =
    missed === 0 ? 'nothing came meanwhile' : `${counted(missed, 'event')} came meanwhile`
  return `Connected again after ${seconds} s; ${came}${missed === 0 ? '.' : ':'}`
}

/** Reads what has not been seen, the oldest first: what came since a little before a time (epoch milliseconds). */
function readerOf(api: Api, filter: Filter, seen: Map<string, number>) {
  return async (time: number): Promise<EventSummary[]> => {
    const since = time - LATE_MS
    const fresh: EventSummary[] = []
    for (let next: string | null | undefined; next !== null; ) {
      const query = { ...filter, since: new Date(since).toISOString(), limit: '200' }
      const request = api.events.$get({ query: { ...query, ...(next ? { next } : {}) } })
      const page: { events: EventSummary[]; next: string | null } = await answerOf(request)
      const unseen = page.events.filter(({ id }) => !seen.has(id))
      fresh.push(...unseen)
      // The newest come first: a full page of known ones has only known ones behind it, but for late ones.
      next = unseen.length === 0 && page.events.length === 200 ? null : page.next
    }
    for (const { id } of fresh) seen.set(id, Date.now())
    for (const [id, at] of seen) {
      if (at >= Date.now() - 2 * LATE_MS) break
      seen.delete(id)
    }
    return fresh.reverse()
  }
}

function lineOf({ receivedat, id, source, type, status, planned }: EventSummary): string {
  const wanted = status === 'accepted' || status === 'derived' ? `→ ${planned}` : status
  return `${receivedat}  ${id}  ${source.padEnd(10)}  ${type.padEnd(28)}  ${wanted}`
}
