// What a caller of the API sent, validated; or the problem that says where it is wrong.
import type { Context } from 'hono'
import * as v from 'valibot'
import { type EventId, isEventId } from '../../core/id.ts'
import { type Period, parseTime } from '../../core/period.ts'
import { ok, type Result, refuse } from '../../core/result.ts'
import { problem } from '../problems.ts'

const MAX_LIMIT = 200

/** How many a page has: 50 unless asked, at most 200. */
export const Limit = v.optional(
  v.pipe(
    v.string(),
    v.regex(/^\d+$/, 'must be a whole number'),
    v.transform(Number),
    v.minValue(1, 'must be at least 1'),
    v.maxValue(MAX_LIMIT, `must be at most ${MAX_LIMIT}`),
  ),
  '50',
)

/** A yes or no in a query. */
export const Flag = v.optional(
  v.pipe(
    v.picklist(['true', 'false'], 'must be true or false'),
    v.transform((text) => text === 'true'),
  ),
  'false',
)

/** The id of an event. */
export const Id = v.custom<EventId>(
  (id) => typeof id === 'string' && isEventId(id),
  'must be an event id',
)

/** A time; `parseTime` reads it once the present is known. */
export const Time = v.pipe(
  v.string('must be a text'),
  v.check((text) => parseTime(text, 0) !== undefined, 'must be RFC 3339, or such as 30m, 24h, 7d'),
)

/** The query of what is asked about a period. */
export const PeriodQuery = v.object({
  since: v.optional(Time, '24h'),
  until: v.optional(Time),
})

/** The period that was asked for, until now unless it says otherwise. */
export function periodOf({ since, until }: v.InferOutput<typeof PeriodQuery>, now: number): Period {
  return {
    since: parseTime(since, now) ?? 0,
    // The present millisecond is part of it.
    until: until === undefined ? now + 1 : (parseTime(until, now) ?? now),
  }
}

/** Reads a query. */
export function readQuery<S extends v.GenericSchema>(
  c: Context,
  schema: S,
): Result<v.InferOutput<S>, Response> {
  return read(schema, c.req.query(), 'bad-query')
}

/** Reads a body of JSON; no body is an empty object. */
export async function readBody<S extends v.GenericSchema>(
  c: Context,
  schema: S,
): Promise<Result<v.InferOutput<S>, Response>> {
  const text = await c.req.text()
  try {
    return read(schema, text === '' ? {} : JSON.parse(text), 'bad-body')
  } catch {
    return refuse(problem(400, 'bad-body', 'The body is no JSON.'))
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
  return refuse(problem(400, type, `${path === null ? 'It' : path} ${wording(issue)}.`))
}

function wording(issue: v.BaseIssue<unknown>): string {
  if (issue.type === 'strict_object' && issue.expected === 'never') return 'is not known'
  return issue.received === 'undefined' ? 'is missing' : issue.message
}
