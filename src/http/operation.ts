// The description of an operation, written once: requests are validated by it, and the OpenAPI document contains it.
import type { Context, Env, MiddlewareHandler, TypedResponse } from 'hono'
import * as v from 'valibot'
import { isObject, type JsonObject } from '../core/intake/json.ts'
import { err, ok, type Result } from '../core/result.ts'
import { type Problem, problem } from './problems.ts'

/** The description of an operation for the OpenAPI document. */
export type Description = {
  summary: string
  /** What the summary does not say. */
  details: string
  /** The schema of each answer's body by status; text for one that is not JSON. */
  answers: Record<number, v.GenericSchema | string>
  /** The media type of its answers, where it is not application/json. */
  type?: string
  /** The statuses of its problems, beside those that all operations of its kind share. */
  problems?: number[]
  /** Its query and body, where no middleware validates them. */
  takes?: { query: v.GenericSchema; body: v.GenericSchema }
  /** True when it needs no token. */
  isPublic?: true
}

/** An operation as its middlewares describe it, each by one part. */
export type Operation = {
  description?: Description
  query?: v.GenericSchema
  body?: v.GenericSchema
}

/** The property of a middleware that holds its part. */
const PART = Symbol('part of an operation')

/** Describes an operation. The middleware itself does nothing. */
export function describe(description: Description): MiddlewareHandler {
  return carrying({ description }, (_, next) => next())
}

type Checks<T extends 'query' | 'json', S extends v.GenericSchema> = MiddlewareHandler<
  Env,
  string,
  { in: { [K in T]: v.InferInput<S> }; out: { [K in T]: v.InferOutput<S> } },
  TypedResponse<Problem, 400, 'json'>
>

/** Validates the query of an operation, which reads it by `c.req.valid('query')`. Answers 400 with the first error. */
export function query<S extends v.GenericSchema>(schema: S): Checks<'query', S> {
  return carrying({ query: schema }, (c, next) =>
    check(c, next, 'query', read(schema, queryOf(c), 'bad-query')),
  ) as Checks<'query', S>
}

/** Validates the JSON body of an operation, which reads it by `c.req.valid('json')`. No body counts as an empty object. */
export function body<S extends v.GenericSchema>(schema: S): Checks<'json', S> {
  return carrying({ body: schema }, async (c, next) =>
    check(c, next, 'json', readText(schema, await c.req.text())),
  ) as Checks<'json', S>
}

/** The operation that a list of middlewares describes. */
export function operationOf(handlers: readonly unknown[]): Operation {
  return Object.assign({}, ...handlers.map((handler) => (handler as Carrier)[PART] ?? {}))
}

type Carrier = { [PART]?: Operation }

function carrying(part: Operation, handler: MiddlewareHandler): MiddlewareHandler {
  return Object.assign(handler, { [PART]: part })
}

/** Passes a valid value on to the operation, or answers with the problem. */
async function check(
  c: Context,
  next: () => Promise<void>,
  where: 'query' | 'json',
  result: Result<unknown, Response>,
): Promise<Response | undefined> {
  if (!result.ok) return result.error
  c.req.addValidatedData(where, result.value as object)
  await next()
  return undefined
}

/** The query: a string for a key that occurs once, a list for one that occurs several times. */
function queryOf(c: Context): Record<string, string | string[]> {
  const all = Object.entries(c.req.queries())
  return Object.fromEntries(
    all.map(([key, texts]) => [key, texts.length === 1 ? (texts[0] ?? '') : texts]),
  )
}

function readText<S extends v.GenericSchema>(
  schema: S,
  text: string,
): Result<v.InferOutput<S>, Response> {
  const value = text === '' ? {} : objectOf(text)
  if (value === undefined) return err(problem(400, 'bad-body', 'The body is not a JSON object.'))
  return read(schema, value, 'bad-body')
}

function objectOf(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function read<S extends v.GenericSchema>(
  schema: S,
  value: unknown,
  type: string,
): Result<v.InferOutput<S>, Response> {
  const result = v.safeParse(schema, value)
  if (result.success) return ok(result.output)
  const [issue] = result.issues
  const path = v.getDotPath(issue)
  return err(
    problem(
      400,
      type,
      `${path ?? (type === 'bad-query' ? 'The query' : 'The body')} ${wording(issue)}.`,
    ),
  )
}

function wording(issue: v.BaseIssue<unknown>): string {
  if (issue.type === 'strict_object' && issue.expected === 'never') return 'is not a known field'
  return issue.received === 'undefined' ? 'is missing' : issue.message
}
