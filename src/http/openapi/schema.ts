// Valibot schemas as JSON Schemas of the document.
import { toJsonSchema, toJsonSchemaDefs } from '@valibot/to-json-schema'
import type * as v from 'valibot'
import { NAMED } from '../api/answers/index.ts'
import { Problem } from '../problems.ts'

export type Json = Record<string, unknown>

const DEFINITIONS = { Problem, ...NAMED }

const CONVERSION = {
  target: 'draft-2020-12',
  errorMode: 'ignore',
  overrideRef: ({ referenceId }: { referenceId: string }) => `#/components/schemas/${referenceId}`,
} as const

/** A schema as JSON Schema, with references to the named schemas in it. */
export function jsonSchema(schema: v.GenericSchema, typeMode: 'input' | 'output' = 'output'): Json {
  const {
    $schema: _,
    $defs: __,
    ...rest
  } = toJsonSchema(schema, {
    ...CONVERSION,
    typeMode,
    definitions: DEFINITIONS,
  }) as Json
  return rest
}

/** The named schemas, for the components of the document. */
export function namedSchemas(): Json {
  return toJsonSchemaDefs(DEFINITIONS, CONVERSION)
}
