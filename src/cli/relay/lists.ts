// What commands that list share: options that filter a list, and reading its pages.
import type { Command } from 'commander'
import { repeatable } from '../command-line.ts'
import { UserError } from '../user-error.ts'

/** The options that `withFilters` adds to a command. */
export type FilterOptions = {
  source?: string[]
  vendor?: string[]
  type?: string[]
  person?: string
  email?: string
  id?: string
  since?: string
  until?: string
  limit: string
}

/** Adds the options that filter events, and the one that limits the length of the list. */
export function withFilters(command: Command): Command {
  return command
    .option('--source <name>', 'only this source (repeatable)', repeatable)
    .option('--vendor <id>', 'only this vendor (repeatable)', repeatable)
    .option(
      '--type <pattern>',
      'only this event type: payment.failed, payment.* (repeatable)',
      repeatable,
    )
    .option('--person <id>', 'only this person: per_…')
    .option('--email <address>', 'only contacts with this e-mail address')
    .option('--id <text>', 'only this event or contact id, or ids that start with it')
    .option('--since <time>', 'RFC 3339, or how long ago: 30m, 24h, 7d')
    .option('--until <time>', 'RFC 3339, or how long ago: 30m, 24h, 7d')
    .option('--limit <n>', 'maximum number of rows', '50')
}

/** The options as a query of the API. */
export function queryOf({ source, vendor, type, person, email, id, since, until }: FilterOptions) {
  return {
    ...(source === undefined ? {} : { source }),
    ...(vendor === undefined ? {} : { vendor }),
    ...(type === undefined ? {} : { type }),
    ...(person === undefined ? {} : { person }),
    ...(email === undefined ? {} : { email }),
    ...(id === undefined ? {} : { q: id }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  }
}

/** The largest page of the API. */
const MAX_PAGE = 200

/**
 * Reads pages until there are `limit` items or no more pages. A page may have fewer items than its limit, and still not
 * be the last one. Throws a UserError if `limit` is not a whole number of at least 1.
 */
export async function readPages<Item>(
  limit: string,
  readPage: (page: {
    limit: string
    next?: string
  }) => Promise<{ items: Item[]; next: string | null }>,
): Promise<Item[]> {
  const wanted = Number(limit)
  if (!Number.isInteger(wanted) || wanted < 1)
    throw new UserError(`--limit must be a whole number of at least 1, not "${limit}".`)
  const items: Item[] = []
  for (let next: string | null | undefined; next !== null && items.length < wanted; ) {
    const size = String(Math.min(MAX_PAGE, wanted - items.length))
    const page = await readPage({ limit: size, ...(next === undefined ? {} : { next }) })
    items.push(...page.items)
    next = page.next
  }
  return items
}
