// The schemas that the Worker serves, and an independent validator (ajv) that takes formats for rules, as some validators
// of receivers do.
import Ajv2020, { type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import { parseConfig } from '../src/config.ts'
import { EVENT_TYPES } from '../src/core/events/event.ts'
import type { Env } from '../src/env.ts'
import { createApp } from '../src/http/app.ts'

export type Json = Record<string, unknown>

const app = createApp(() => parseConfig({}, () => undefined), {
  now: () => 0,
  random: () => 0,
  log: () => undefined,
  fetch: () => Promise.reject(new Error('nothing is sent here')),
  waitUntil: () => undefined,
})

/** What a relay answers to a GET of a path below `/schemas/`. */
export async function getSchema(path: string): Promise<Response> {
  return app.request(`https://relay.example/schemas/${path}`, {}, {} as Env)
}

/** The served schema of each type that a target can be sent. */
export const SCHEMAS = new Map(
  await Promise.all(
    EVENT_TYPES.map(async (type): Promise<[string, Json]> => {
      const response = await getSchema(`${type}/1`)
      return [type, await response.json<Json>()]
    }),
  ),
)

const DATE = '[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])'
const TIME = '(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\\.[0-9]+)?'

// Strict: unknown keywords, unknown formats and other drafts are errors. A union of types is for `null` alone.
const ajv = new Ajv2020({
  strict: true,
  strictRequired: true,
  allErrors: true,
  formats: {
    date: new RegExp(`^${DATE}$`),
    'date-time': new RegExp(`^${DATE}T${TIME}(?:Z|[+-][0-9]{2}:[0-9]{2})$`),
  },
})

/** The validator of a schema. Throws for a schema that is none in the draft that it names. */
export function validatorOf(schema: Json): ValidateFunction {
  const { $id: _, ...anonymous } = schema
  return ajv.compile(anonymous)
}

/** The errors of a validator, as text; none for valid data. */
export function errorsOf(validate: ValidateFunction, data: unknown): string[] {
  validate(data)
  const text = ({ instancePath, message }: ErrorObject) => `${instancePath} ${message}`
  return (validate.errors ?? []).map(text)
}
