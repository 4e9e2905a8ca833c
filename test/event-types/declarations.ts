// The TypeScript declarations of events, made from the JSON Schemas: for receivers that have neither the sources nor valibot.
import * as v from 'valibot'
import { VENDOR_ENVELOPE } from '../../src/core/events/envelope.ts'
import {
  FORMER_EVENT_DATA,
  RELAY_EVENT_DATA,
  SYSTEM_ENVELOPE,
} from '../../src/core/events/system-event.ts'
import { EVENT_DATA } from '../../src/core/events/vocabulary.ts'
import { dataSchema, eventSchema } from '../../src/http/schemas.ts'

/** The part of JSON Schema that the schemas of events use. */
type Schema = {
  title?: string
  description?: string
  $ref?: string
  $defs?: Record<string, Schema>
  oneOf?: Schema[]
  const?: unknown
  enum?: unknown[]
  type?: string | string[]
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: Schema
  items?: Schema
}

const HEAD = `// The events that targets get, for TypeScript receivers. Made from the schemas by \`node test/event-types/make.ts\`.
//
// Attributes, keys, types and values of text may be added in later versions: ignore those that you do not know.

/** Any event, told apart by its \`type\`. */
export type Event = VendorEvent | SystemEvent

/** The type of an event. */
export type EventType = Event['type']

/** The event of a type: \`EventOf<'payment.created'>\`. */
export type EventOf<Type extends EventType> = Extract<Event, { type: Type }>
`

/** The text of the declarations. Throws when two of them have one name, which TypeScript would take for one type. */
export function declarations(): string {
  const vendor = Object.keys(EVENT_DATA).sort()
  const own = Object.keys({ ...RELAY_EVENT_DATA, ...FORMER_EVENT_DATA }).sort()
  const schemas = new Map([...vendor, ...own].map((type) => [type, schemaOf(type)]))
  const attributes = {
    VendorAttributes: eventSchema(v.object(VENDOR_ENVELOPE), 'ignore') as Schema,
    SystemAttributes: eventSchema(v.object(SYSTEM_ENVELOPE), 'ignore') as Schema,
  }
  const parts = Object.assign(
    {},
    attributes.VendorAttributes.$defs,
    ...[...schemas.values()].map(({ $defs }) => $defs),
  )
  const nameOf = (type: string) => (schemas.get(type)?.title ?? '').replace(/Data$/, 'Event')
  const dataOf = (type: string) => schemas.get(type)?.title
  const eventOf = (envelope: string) => (type: string) =>
    `export interface ${nameOf(type)} extends ${envelope} {\n  type: '${type}'\n  data: ${dataOf(type)}\n}\n`
  const text = [
    HEAD,
    union('VendorEvent', 'An event of a vendor, in the vocabulary', vendor.map(nameOf)),
    union('SystemEvent', 'An event of the relay’s own', own.map(nameOf)),
    ...Object.entries(attributes).map(([name, schema]) => declare(name, schema)),
    ...vendor.map(eventOf('VendorAttributes')),
    ...own.map(eventOf('SystemAttributes')),
    ...[...schemas.values()].map((schema) => declare(schema.title ?? '', schema)),
    ...Object.keys(parts)
      .sort()
      .map((name) => declare(name, parts[name])),
  ].join('\n')
  const names = [...text.matchAll(/^export (?:interface|type) (\w+)/gm)].map(([, name]) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw new Error(`${twice} is declared twice`)
  return text
}

function schemaOf(type: string): Schema {
  return dataSchema(type, '1', 'https://relay.example') as Schema
}

function union(name: string, about: string, members: string[]): string {
  return `/** ${about}. */\nexport type ${name} =\n${members.map((member) => `  | ${member}\n`).join('')}`
}

function declare(name: string, schema: Schema): string {
  const type =
    schema.properties === undefined
      ? `type ${name} = ${typeOf(schema, '')}`
      : `interface ${name} ${objectType(schema, '')}`
  return `${comment(schema, '')}export ${type}\n`
}

function comment({ description }: Schema, indent: string): string {
  return description === undefined ? '' : `${indent}/** ${description}. */\n`
}

function objectType({ properties = {}, required = [] }: Schema, indent: string): string {
  const inner = `${indent}  `
  const members = Object.entries(properties).map(([key, schema]) => {
    const mark = required.includes(key) ? '' : '?'
    return `${comment(schema, inner)}${inner}${key}${mark}: ${typeOf(schema, inner)}\n`
  })
  return `{\n${members.join('')}${indent}}`
}

/** The type of a schema's values, as it is written at an indentation. */
function typeOf(schema: Schema, indent: string): string {
  const { $ref, oneOf, type, items, properties, additionalProperties } = schema
  if ($ref !== undefined) return $ref.replace('#/$defs/', '')
  if (oneOf !== undefined) return oneOf.map((one) => typeOf(one, indent)).join(' | ')
  if ('const' in schema) return literal(schema.const)
  if (schema.enum !== undefined) return schema.enum.map(literal).join(' | ')
  if (Array.isArray(type))
    return type.map((one) => typeOf({ ...schema, type: one }, indent)).join(' | ')
  if (items !== undefined) return `Array<${typeOf(items, indent)}>`
  if (properties !== undefined) return objectType(schema, indent)
  if (additionalProperties !== undefined)
    return `Record<string, ${typeOf(additionalProperties, indent)}>`
  if (type === 'integer') return 'number'
  return type ?? 'unknown'
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value)
}
