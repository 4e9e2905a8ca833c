// The JSON Schemas that events name in `dataschema`: one for the `data` of each type, generated from the vocabulary.
import { toJsonSchema } from '@valibot/to-json-schema'
import type * as v from 'valibot'
import { SCHEMA_VERSION } from '../core/events/event.ts'
import { NAMED_PARTS, nameOfType } from '../core/events/named-parts.ts'
import { FORMER_EVENT_DATA, RELAY_EVENT_DATA } from '../core/events/system-event.ts'
import { EVENT_DATA } from '../core/events/vocabulary.ts'
import type { Json } from './openapi/schema.ts'

/** The data of every type that an event of the log can have, those of older versions included. */
const DATA: Record<string, v.GenericSchema> = {
  ...EVENT_DATA,
  ...RELAY_EVENT_DATA,
  ...FORMER_EVENT_DATA,
}

/**
 * The JSON Schema (2020-12) of the data of a type in a version, as the relay at an origin serves it: `$id` is its URL, the
 * `dataschema` of such an event. Undefined for what is no type, or another version.
 */
export function dataSchema(type: string, version: string, origin: string): Json | undefined {
  const data = Object.hasOwn(DATA, type) ? DATA[type] : undefined
  if (data === undefined || version !== String(SCHEMA_VERSION)) return undefined
  const { $schema, $defs, ...schema } = eventSchema(data)
  return {
    $schema,
    $id: `${origin}/schemas/${type}/${version}`,
    title: `${nameOfType(type)}Data`,
    description: `The data of an event of the type ${type}`,
    ...schema,
    ...used(schema, $defs),
  }
}

/**
 * The JSON Schema (2020-12) of a part of an event, with the named parts in `$defs`. Checks that JSON Schema cannot state
 * throw, or are left out (`ignore`).
 */
export function eventSchema(
  schema: v.GenericSchema,
  errorMode: 'throw' | 'ignore' = 'throw',
): Json & { $defs: Record<string, Json> } {
  return toJsonSchema(schema, {
    target: 'draft-2020-12',
    errorMode,
    definitions: NAMED_PARTS,
    overrideSchema: ({ jsonSchema }) => nullable(jsonSchema as Json) ?? jsonSchema,
  }) as Json & { $defs: Record<string, Json> }
}

/**
 * What more generators know for a value or null than `anyOf` of the two: `type: ['string', 'null']`, and `oneOf` where the
 * value has a name. From `anyOf`, go-jsonschema 0.24.1 makes code that does not compile.
 */
function nullable({ anyOf, ...rest }: Json): Json | undefined {
  if (!Array.isArray(anyOf)) return undefined
  const [{ type, ...schema }, other] = anyOf as [Json, Json]
  if (other?.type !== 'null') return undefined
  if (typeof type !== 'string') return { ...rest, oneOf: anyOf }
  return { ...rest, ...schema, type: [type, 'null'] }
}

/** The definitions that a schema refers to, and those that these refer to, each titled with its name. */
function used(schema: Json, definitions: Record<string, Json>): { $defs?: Json } {
  const names = new Set<string>()
  const collect = (part: unknown) => {
    for (const [, name = ''] of JSON.stringify(part).matchAll(/"#\/\$defs\/(\w+)"/g)) {
      if (names.has(name)) continue
      names.add(name)
      collect(definitions[name])
    }
  }
  collect(schema)
  if (names.size === 0) return {}
  const entries = [...names].sort().map((name) => [name, { title: name, ...definitions[name] }])
  return { $defs: Object.fromEntries(entries) }
}
