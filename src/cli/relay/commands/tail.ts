// `tail`: events as they come in. A lost connection is told, and so is what came meanwhile.
import { Command } from 'commander'
import { pluralize } from '../../../core/text.ts'
import { type Api, answerOf, connect, type GlobalOptions, Unreachable } from '../client.ts'
import { several, visible } from '../output.ts'
import type { EventSummary } from './events.ts'

type Filter = { source?: string[]; type?: string[] }

const POLL_MS = 1000
/** How far back is looked for what is recorded late: a spilled event has the id of its receipt. */
const LATE_MS = 120_000
/** How often all of that is looked through; in between, only what stands before what is known. */
const LOOK_BACK_MS = 20_000
/** For how long after a lost connection what was spilled meanwhile may still be recorded: a rest of the queue. */
const SPILLED_MS = 300_000
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
        console.log(globals.json ? JSON.stringify(event) : visible(lineOf(event)))
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
  const read = readerOf(api, filter)
  // What is there already is not shown, and a relay that never answered is not waited for.
  await read({ ageMs: LATE_MS, isWhole: true })
  tell('Waiting for events. Ctrl-C ends.')
  let lookedBackAt = Date.now()
  let lostAt: number | undefined
  // What was spilled while there was no connection: since when that may be, and until when it may come.
  let spilled = { since: 0, until: 0 }
  for (let pause = POLL_MS; ; ) {
    await new Promise((resolve) => setTimeout(resolve, pause))
    const now = Date.now()
    const isWhole = lostAt !== undefined || now - lookedBackAt >= LOOK_BACK_MS
    const since = now < spilled.until ? spilled.since : (lostAt ?? now)
    try {
      const fresh = await read({ ageMs: now - since + LATE_MS, isWhole })
      if (isWhole) lookedBackAt = now
      if (lostAt !== undefined) {
        tell(regained(lostAt, fresh.length))
        spilled = { since, until: now + SPILLED_MS }
      }
      for (const event of fresh) show(event)
      lostAt = undefined
      pause = POLL_MS
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error
      if (lostAt === undefined) tell('The connection is lost. Trying again…')
      lostAt ??= now
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS)
    }
  }
}

function regained(lostAt: number, missed: number): string {
  const seconds = Math.round((Date.now() - lostAt) / 1000)
  const came =
    missed === 0 ? 'nothing came meanwhile' : `${pluralize(missed, 'event')} came meanwhile`
  return `Connected again after ${seconds} s; ${came}${missed === 0 ? '.' : ':'}`
}

const MINUTE_MS = 60_000
const PAGE = 200

/**
 * Reads what has not been seen and is of a certain age at most, the oldest first. `isWhole` looks through all of it, else
 * only as far as there is something new. The age is told to the relay: by its clock, whatever the one here says.
 */
function readerOf(api: Api, filter: Filter) {
  const seen = new Map<string, number>()
  return async ({ ageMs, isWhole }: { ageMs: number; isWhole: boolean }) => {
    const minutes = Math.ceil(ageMs / MINUTE_MS)
    const query = { ...filter, since: `${minutes}m`, limit: String(PAGE) }
    const fresh: EventSummary[] = []
    for (let next: string | null | undefined; next !== null; ) {
      const request = api.events.$get({ query: { ...query, ...(next ? { next } : {}) } })
      const page: { events: EventSummary[]; next: string | null } = await answerOf(request)
      const unseen = page.events.filter(({ id }) => !seen.has(id))
      fresh.push(...unseen)
      const isKnown = unseen.length === 0 && page.events.length === PAGE
      next = isKnown && !isWhole ? null : page.next
    }
    const now = Date.now()
    for (const { id } of fresh) seen.set(id, now)
    for (const [id, at] of seen) {
      if (at >= now - (minutes + 1) * MINUTE_MS) break
      seen.delete(id)
    }
    return fresh.reverse()
  }
}

function lineOf({ receivedat, id, source, type, status, planned }: EventSummary): string {
  const wanted = status === 'accepted' || status === 'derived' ? `→ ${planned}` : status
  return `${receivedat}  ${id}  ${source.padEnd(10)}  ${type.padEnd(28)}  ${wanted}`
}
