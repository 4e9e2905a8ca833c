// The events that targets get, by the names that their types have in programs.
import * as v from 'valibot'
import { NullableAmount } from '../../core/events/amount.ts'
import { VENDOR_ENVELOPE } from '../../core/events/envelope.ts'
import { NAMED_PARTS, nameOfType } from '../../core/events/named-parts.ts'
import {
  FORMER_EVENT_DATA,
  RELAY_EVENT_DATA,
  SYSTEM_ENVELOPE,
} from '../../core/events/system-event.ts'
import * as vocabulary from '../../core/events/vocabulary.ts'

// Generators do not understand a choice between a named schema and null. An amount may always be null: that schema has the name.
const { Amount: _, ...PARTS } = NAMED_PARTS

type Data = v.ObjectSchema<v.ObjectEntries, undefined>

function named(types: Record<string, Data>, envelope: v.ObjectEntries) {
  return Object.fromEntries(
    Object.entries(types).flatMap(([type, { entries }]) => {
      // Types that share a schema have one each, so that each has its own name.
      const data = v.object(entries)
      const name = nameOfType(type)
      return [
        [`${name}Event`, v.object({ ...envelope, type: v.literal(type), data })],
        [`${name}Data`, data],
      ]
    }),
  )
}

/** The schemas of all events, of their data, and of the parts of it. */
export const EVENTS: Record<string, v.GenericSchema> = {
  ...PARTS,
  NullableAmount,
  ...named(vocabulary.EVENT_DATA, VENDOR_ENVELOPE),
  ...named(RELAY_EVENT_DATA, SYSTEM_ENVELOPE),
  ...named(FORMER_EVENT_DATA, SYSTEM_ENVELOPE),
}
