// Which paths every event has, by the schemas of the vocabulary.
import { ENVELOPE, VENDOR_ENVELOPE } from '../../core/events/envelope.ts'
import { RELAY_EVENT_DATA } from '../../core/events/system-event.ts'
import { EVENT_DATA } from '../../core/events/vocabulary.ts'

/** A schema as far as it matters here: its kind, and the members of an object. */
type Shape = { type: string; entries?: Readonly<Record<string, Shape>> }

const object = (entries: Readonly<Record<string, Shape>>): Shape => ({ type: 'object', entries })
const TEXT: Shape = { type: 'string' }

/** The shape of an event of a type: a vendor's, or one of the relay's own. */
function shapeOf(type: string): Shape {
  const vendors: Readonly<Record<string, Shape>> = EVENT_DATA
  const own: Readonly<Record<string, Shape>> = RELAY_EVENT_DATA
  const data = vendors[type] ?? own[type] ?? object({})
  return object({ ...(type in vendors ? VENDOR_ENVELOPE : ENVELOPE), type: TEXT, data })
}

/** Whether each event of these types has a value at a path. An empty list is none. */
export function isAlwaysThere(names: readonly string[], types: readonly string[]): boolean {
  return types.length > 0 && types.every((type) => isThere(names, shapeOf(type)))
}

function isThere([name, ...rest]: readonly string[], { entries = {} }: Shape): boolean {
  const member = name !== undefined && Object.hasOwn(entries, name) ? entries[name] : undefined
  if (member === undefined || /optional$|^array$/.test(member.type)) return false
  return rest.length === 0 || isThere(rest, member)
}
