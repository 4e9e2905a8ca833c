// Stored events under the current mapping: previewing what would change, and changing it.
import { Hono } from 'hono/tiny'
import * as v from 'valibot'
import type { Env } from '../../../env.ts'
import { renormalizeEvents } from '../../../stages/operate/acts/events.ts'
import { body, describe } from '../../operation.ts'
import { operatorOf } from '../../operator.ts'
import type { ApiTools } from '../../tools.ts'
import { RenormalizationPage } from '../answers/index.ts'
import { flag, Id, periodOf, Time } from '../fields.ts'

const Body = v.strictObject({
  since: Time,
  until: v.optional(Time),
  source: v.optional(v.string('must be a string')),
  after: v.optional(Id),
  dry_run: flag(true),
  deliver: flag(false),
})

/** The route of `/api/renormalize`: one page of events; `next` is the `after` of the next call. */
export function renormalization({ configOf, ...tools }: ApiTools) {
  return new Hono<{ Bindings: Env }>().post(
    '/',
    describe({
      summary: 'Normalize stored events again with the current mapping, one page per call',
      details:
        '`next` is the `after` of the next call. By default (`dry_run`), only shows what would change.',
      answers: { 200: RenormalizationPage },
    }),
    body(Body),
    async (c) => {
      const { source, after, dry_run, deliver, ...period } = c.req.valid('json')
      const page = {
        period: periodOf(period, tools.now()),
        source,
        after,
        isDryRun: dry_run,
        deliver,
      }
      const result = await renormalizeEvents(operatorOf(c, configOf), page, tools)
      return c.json({ ...result, dry_run, next: result.next ?? null })
    },
  )
}
