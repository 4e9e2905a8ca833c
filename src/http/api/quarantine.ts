// What was not understood: why, released once it is, or put away with a reason.
import { type Context, Hono } from 'hono'
import * as v from 'valibot'
import type { Env } from '../../env.ts'
import { dismiss, release } from '../../stages/quarantine.ts'
import { listCauses } from '../../store/kept.ts'
import type { ApiTools } from './index.ts'
import { Id, Limit, readBody, readQuery } from './read.ts'

/** Messages that one call releases: each takes a few round trips to D1. */
const MAX_RELEASED = 50
const MAX_DISMISSED = 1000

const text = v.pipe(v.string('must be a text'), v.nonEmpty('must not be empty'))
const filterEntries = {
  events: v.exactOptional(v.pipe(v.array(Id), v.maxLength(100, 'must hold at most 100 ids'))),
  source: v.exactOptional(text),
  vendortype: v.exactOptional(text),
  cause: v.exactOptional(text),
}
const NAMES = Object.keys(filterEntries)
const isSelective = (body: object) => NAMES.some((name) => name in body)
const SELECT = `must name at least one of ${NAMES.join(', ')}`

const ReleaseBody = v.pipe(
  v.strictObject({
    ...filterEntries,
    after: v.exactOptional(Id),
    dry_run: v.optional(v.boolean('must be true or false'), false),
  }),
  v.check((body) => isSelective(body), SELECT),
)
const DismissBody = v.pipe(
  v.strictObject({ ...filterEntries, reason: v.pipe(text, v.maxLength(500)) }),
  v.check((body) => isSelective(body), SELECT),
)

/** The routes of `/api/quarantine`. */
export function quarantine({ configOf, ...tools }: ApiTools) {
  const toolsFor = (c: Context) => ({ ...tools, origin: new URL(c.req.url).origin })
  return new Hono<{ Bindings: Env }>()
    .get('/', async (c) => {
      const query = readQuery(c, v.object({ limit: Limit }))
      if (!query.ok) return query.error
      return c.json({ causes: await listCauses(c.env.DB, query.value.limit) })
    })
    .post('/release', async (c) => {
      const body = await readBody(c, ReleaseBody)
      if (!body.ok) return body.error
      const { after, dry_run, ...filter } = body.value
      const options = { after, limit: MAX_RELEASED, isDryRun: dry_run }
      const result = await release(c.env, configOf(c.env), filter, options, toolsFor(c))
      return c.json({ ...result, dry_run, next: result.next ?? null })
    })
    .post('/dismiss', async (c) => {
      const body = await readBody(c, DismissBody)
      if (!body.ok) return body.error
      const { reason, ...filter } = body.value
      const events = await dismiss(
        c.env,
        configOf(c.env),
        filter,
        reason,
        MAX_DISMISSED,
        toolsFor(c),
      )
      return c.json({ dismissed: events, more: events.length === MAX_DISMISSED })
    })
}
