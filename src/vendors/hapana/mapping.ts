// What the readers of Hapana's events share: a message opened for reading, and what one of its kinds is mapped to.

import type { EventDraft } from '../../core/events/event.ts'
import type { Fields, Reader, Warning } from '../../core/events/fields.ts'
import type { SiteSettings } from '../../core/events/source.ts'
import type { Contact, EventType } from '../../core/events/vocabulary.ts'
import type { Identity } from '../../core/intake/dedupe.ts'

/** What a message means, without what all kinds have in common. */
export type MappedEvent = {
  type: EventType
  data: object
  identity: Identity
  occurred: EventDraft['occurred']
}
/** A message of known kind, site and contact. */
export type MappingInput = {
  fields: Fields
  warnings: Warning[]
  site: SiteSettings
  siteId: string | undefined
  clientId: string
  contact: Contact
  /** The identity of a message that has no better one: made of all that it says. */
  content: () => Identity
}

/** One key, or several that mean the same: the documented spelling first. */
export type Key = string | readonly string[]
/** Reads a word of a fixed list. A word beyond it stays in `rest` with a warning, and so does none at all. */
export function readWord<T>(
  name: string,
  reader: Reader<T>,
  { fields, warnings }: MappingInput,
): T | 'unknown' {
  const word = fields.read(name, reader)
  if (fields.peek(name) === undefined) warnings.push({ path: name, message: 'is missing' })
  return word ?? 'unknown'
}
