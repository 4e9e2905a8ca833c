// GET /healthz: whether the relay can work. Public, so without counts and names of its configuration.
import type { Context } from 'hono'
import * as v from 'valibot'
import { type Config, configurationProblem } from '../config.ts'
import type { Env } from '../env.ts'
import { readSchema, schemaProblem } from '../store/schema.ts'
import { withTimeout } from '../store/timeout.ts'
import { describe } from './operation.ts'
import { problem } from './problems.ts'

/** `GET /healthz` in the OpenAPI document. */
export const Healthz = describe({
  summary:
    'Health check: whether the configuration can be read, and D1 responds and has the schema that this version needs',
  details:
    'A database with a newer schema is healthy: after a rollback, the older code works with it. One of a version 0.x is not.',
  isPublic: true,
  answers: { 200: v.strictObject({ status: v.literal('ok') }) },
  problems: [503],
})

/** Answers 200, or 503 with what is wrong and its remedy. */
export async function healthz(c: Context<{ Bindings: Env }>, config: Config) {
  const misread = configurationProblem(config)
  if (misread !== undefined) return problem(503, 'configuration-unreadable', misread)
  const schema = await withTimeout(readSchema(c.env.DB)).catch(() => undefined)
  if (schema === undefined) return problem(503, 'unhealthy', 'D1 does not respond.')
  const trouble = schema.state !== 'newer' ? schemaProblem(schema) : undefined
  return trouble === undefined ? c.json({ status: 'ok' }) : problem(503, 'unhealthy', trouble)
}
