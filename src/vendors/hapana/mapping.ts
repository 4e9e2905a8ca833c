// What the mappings of Hapana's events share: their input and their result.

import type { EventDraft } from '../../core/events/event.ts'
import type { Fields, Reader, Warning } from '../../core/events/fields.ts'
import type { SiteSettings } from '../../core/events/source.ts'
import type { Contact, EventType } from '../../core/events/vocabulary.ts'
import type { Identity, Nature } from '../../core/intake/dedupe.ts'

/** The part of an event that depends on its type. */
export type MappedEvent = {
  type: EventType
  data: object
  identity: Identity
  occurred: EventDraft['occurred']
}

/** A message of known type, site and contact. */
export type MappingInput = {
  fields: Fields
  warnings: Warning[]
  site: SiteSettings
  siteId: string | undefined
  clientId: string
  contact: Contact
  /** An identity from the whole body, for a message without an identifier of its own. */
  content: (nature: Nature) => Identity
}

/** Reads a word of a fixed list; `unknown`, with a warning, if it is another word or missing. */
export function readWord<T>(
  name: string,
  reader: Reader<T>,
  { fields, warnings }: MappingInput,
): T | 'unknown' {
  const word = fields.read(name, reader)
  if (fields.peek(name) === undefined) warnings.push({ path: name, message: 'is missing' })
  return word ?? 'unknown'
}
