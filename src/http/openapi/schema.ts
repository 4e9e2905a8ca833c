// Valibot schemas as JSON Schemas of the document, in constructs that generators of clients understand.
import { type ConversionConfig, toJsonSchema, toJsonSchemaDefs } from '@valibot/to-json-schema'
import * as v from 'valibot'
import { NAMED } from '../api/answers/index.ts'
import { choiceOf } from '../api/choice.ts'
import { Filter } from '../api/deliveries/replays.ts'
import { Journey, Probability } from '../api/operate/simulate.ts'
import { NAMED_RECEIPTS } from '../intake.ts'
import { Problem } from '../problems.ts'
import { EVENTS } from './events.ts'

export type Json = Record<string, unknown>

/** The named schemas of requests, which are described as they are sent. */
const REQUESTS = { ReplayFilter: Filter, Journey, Probability }

const DEFINITIONS: Record<string, v.GenericSchema> = {
  ...REQUESTS,
  Problem,
  ...NAMED_RECEIPTS,
  ...NAMED,
  ...EVENTS,
}

/** Where the document has a named schema. */
export function reference(name: string): string {
  return `#/components/schemas/${name}`
}

/** `input`: what is sent to the relay; `output`: what it answers. */
type Mode = 'input' | 'output'

const conversion = (typeMode: Mode): ConversionConfig => ({
  typeMode,
  target: 'draft-2020-12',
  errorMode: 'ignore',
  overrideRef: ({ referenceId }) => reference(referenceId),
  overrideSchema: ({ valibotSchema: { type }, jsonSchema }) =>
    REWRITTEN[type]?.(jsonSchema as Json, typeMode) ?? null,
  overrideAction: ({ valibotAction, jsonSchema }) => {
    if (valibotAction.type === 'max_code_points')
      return { ...jsonSchema, maxLength: (valibotAction as LengthAction).requirement }
    if (valibotAction.type === 'integer') {
      const { format: _, ...whole } = jsonSchema
      return whole
    }
    const choice = choiceOf(valibotAction)
    if (choice === undefined) return null
    return { ...jsonSchema, [choice.keyword]: choice.names.map((one) => ({ required: [one] })) }
  },
})

type LengthAction = v.MaxCodePointsAction<string, number, undefined>

/** By type of a valibot schema: what the converter says in a way that generators do not understand, or leaves out. */
const REWRITTEN: Record<string, (converted: Json, mode: Mode) => Json> = {
  // Clients of openapi-generator for Python refuse true where the constant is true: they compare it with a text.
  literal: ({ const: value }) =>
    typeof value === 'boolean' ? { type: 'boolean' } : { type: typeof value, const: value },
  nullable: ({ anyOf, ...rest }) => ({ ...rest, ...orNull((anyOf as Json[])[0] ?? {}) }),
  // Generators write a default as a value of one of the types, and may choose the wrong one.
  optional: ({ default: value, ...rest }) =>
    value === undefined || 'anyOf' in rest ? rest : { ...rest, default: value },
  // One value is accepted for a list of it. Programs send the list: of the two, generators make a class that few can use.
  union: (converted) => {
    const [list, item] = converted.anyOf as Json[]
    return same(list?.items, item) ? { ...list } : converted
  },
  // A request must not have other fields. An answer may have more one day, which a client must not refuse.
  strict_object: ({ additionalProperties: closed, ...rest }, mode) =>
    mode === 'input' ? { ...rest, additionalProperties: closed } : rest,
  // Every key of an object is a string.
  record: ({ propertyNames: _, ...rest }) => rest,
  // Without it, some take a number of 32 bits.
  number: (converted) => ({ ...converted, format: 'double' }),
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

/** A schema that is no reference, and null. */
function orNull({ type, enum: values, ...rest }: Json): Json {
  if (type === undefined) throw new Error('a named schema cannot be null: name the nullable schema')
  return {
    type: [type, 'null'],
    ...(values === undefined ? {} : { enum: [...(values as unknown[]), null] }),
    ...rest,
  }
}

/**
 * The named schemas, to refer to. The converter asks for each to know it, and once more to convert it, for every schema
 * that it converts: the second time it gets one without content, or the document would take ten times as long.
 */
function referable(): Record<string, v.GenericSchema> {
  const known = new Set<string>()
  return new Proxy(DEFINITIONS, {
    get: (all, name: string) => {
      const schema = known.has(name) ? NOTHING : all[name]
      known.add(name)
      return schema
    },
  })
}

const NOTHING = v.unknown()

/** A schema as JSON Schema, with references to the named schemas in it. */
export function jsonSchema(schema: v.GenericSchema, mode: Mode = 'output'): Json {
  const {
    $schema: _,
    $defs: __,
    ...rest
  } = toJsonSchema(schema, { ...conversion(mode), definitions: referable() }) as Json
  return rest
}

/** The named schemas, for the components of the document. */
export function namedSchemas(): Json {
  const sent = toJsonSchemaDefs(DEFINITIONS, conversion('input'))
  const got = toJsonSchemaDefs(DEFINITIONS, conversion('output'))
  return Object.fromEntries(
    Object.keys(DEFINITIONS).map((name) => [name, name in REQUESTS ? sent[name] : got[name]]),
  )
}
