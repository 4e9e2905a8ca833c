// Quarantined messages: their causes, releasing and dismissing them.
import { Hono } from 'hono/tiny'
import * as v from 'valibot'
import type { Env } from '../../../env.ts'
import { dismissMessages, releaseMessages } from '../../../stages/operate/acts/quarantine.ts'
import { listCauses } from '../../../store/operate/quarantine.ts'
import { body, describe, query } from '../../operation.ts'
import { operatorOf } from '../../operator.ts'
import type { ApiTools } from '../../tools.ts'
import { Cause, DismissalPage, pageOf, ReleasePage } from '../answers/index.ts'
import { atLeastOne } from '../choice.ts'
import { flag, Id, pageEntries, text } from '../fields.ts'

/** Why messages are dismissed. */
export const Reason = text

const filterEntries = {
  events: v.exactOptional(v.pipe(v.array(Id), v.maxLength(100, 'must contain at most 100 IDs'))),
  source: v.exactOptional(text),
  vendortype: v.exactOptional(text),
  cause: v.exactOptional(text),
}
const NAMES = Object.keys(filterEntries)
const isSelective = <T extends object>() =>
  atLeastOne<T>(NAMES, `must have at least one of ${NAMES.join(', ')}`)

const ReleaseBody = v.pipe(
  v.strictObject({
    ...filterEntries,
    after: v.exactOptional(Id),
    dry_run: flag(false),
  }),
  isSelective(),
)
const DismissBody = v.pipe(v.strictObject({ ...filterEntries, reason: Reason }), isSelective())

/** The routes of `/api/quarantine`. */
export function quarantine({ configOf, ...tools }: ApiTools) {
  return new Hono<{ Bindings: Env }>()
    .get(
      '/',
      describe({
        summary: 'Quarantined messages by cause, the most frequent first',
        details:
          'A page covers the next messages, latest first: a cause may be on several pages, each with its own count.',
        answers: { 200: pageOf('causes', Cause) },
      }),
      query(v.strictObject(pageEntries)),
      async (c) => {
        const { limit, next: cursor } = c.req.valid('query')
        const { items, next } = await listCauses(c.env.DB, { limit, cursor })
        return c.json({ causes: items, next: next ?? null })
      },
    )
    .post(
      '/release',
      describe({
        summary: 'Release quarantined messages that are understood now',
        details: '`next` is the `after` of the next call.',
        answers: { 200: ReleasePage },
      }),
      body(ReleaseBody),
      async (c) => {
        const { after, dry_run, ...filter } = c.req.valid('json')
        const page = { after, isDryRun: dry_run }
        const result = await releaseMessages(operatorOf(c, configOf), filter, page, tools)
        return c.json({ ...result, dry_run, next: result.next ?? null })
      },
    )
    .post(
      '/dismiss',
      describe({
        summary: 'Dismiss quarantined messages, with a reason',
        details:
          'They leave the quarantine and are not delivered. Repeat the call while `more` is true.',
        answers: { 200: DismissalPage },
      }),
      body(DismissBody),
      async (c) => {
        const { reason, ...filter } = c.req.valid('json')
        const operator = operatorOf(c, configOf)
        const { events, areMore } = await dismissMessages(operator, filter, reason, tools)
        return c.json({ dismissed: events, more: areMore })
      },
    )
}
