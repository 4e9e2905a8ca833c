// The options by which events and deliveries are chosen, and reading a list to the length that was asked for.
import type { Command } from 'commander'
import { UserError } from '../user-error.ts'
import { several } from './output.ts'

/** What `filtered` adds to a command. */
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

/** Adds the options that say which events are meant, and how many of them are shown. */
export function filtered(command: Command): Command {
  return command
    .option('--source <name>', 'of this source (several times)', several)
    .option('--vendor <id>', 'of this vendor (several times)', several)
    .option('--type <pattern>', 'payment.failed, payment.* (several times)', several)
    .option('--person <id>', 'of a person: per_…')
    .option('--email <address>', 'of the contacts with this address')
    .option('--id <text>', 'an id of an event or a contact, or its beginning')
    .option('--since <time>', 'RFC 3339, or 30m, 24h, 7d')
    .option('--until <time>', 'RFC 3339, or 30m, 24h, 7d')
    .option('--limit <n>', 'how many', '50')
}

/** The query of these options. */
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

const MAX_PAGE = 200

/** Reads pages until there are so many items, or no more: a page may hold fewer than it could. */
export async function readPages<Item>(
  limit: string,
  pageOf: (page: {
    limit: string
    next?: string
  }) => Promise<{ items: Item[]; next: string | null }>,
): Promise<Item[]> {
  const wanted = Number(limit)
  if (!Number.isInteger(wanted) || wanted < 1)
    throw new UserError(`--limit takes a whole number, not "${limit}".`)
  const items: Item[] = []
  for (let next: string | null | undefined; next !== null && items.length < wanted; ) {
    const size = String(Math.min(MAX_PAGE, wanted - items.length))
    const page = await pageOf({ limit: size, ...(next === undefined ? {} : { next }) })
    items.push(...page.items)
    next = page.next
  }
  return items
}
