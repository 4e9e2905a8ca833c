// `/console/quarantine`: why messages are in it, releasing them, putting them away.
import type { Context } from 'hono'
import { Hono } from 'hono/tiny'
import * as v from 'valibot'
import { Quarantine, Release } from '../../../console/operate/quarantine.tsx'
import { pluralize } from '../../../core/text.ts'
import { dismiss, release } from '../../../stages/operate/quarantine.ts'
import { listCauses } from '../../../store/events/stored-message.ts'
import { Id, pageEntries, text } from '../../api/fields.ts'
import type { ApiTools } from '../../tools.ts'
import { acted, fieldsOf, goTo, refuse, show } from '../frame.ts'
import { queryOf, wordsOf } from '../query.ts'
import type { ConsoleEnv } from '../session.ts'

const PATH = '/console/quarantine'
const MAX_CAUSES = 200

/** Messages that one form releases: each takes a few round trips to D1. */
const MAX_RELEASED = 50
const MAX_DISMISSED = 1000

const cause = { source: text, cause: text, vendortype: v.exactOptional(text) }
const ReleaseForm = v.strictObject({ ...cause, after: v.exactOptional(Id) })
const DismissForm = v.strictObject({ ...cause, reason: v.pipe(text, v.maxLength(500)) })

/** The routes of the quarantine. */
export function quarantine(tools: ApiTools) {
  const { configOf, ...rest } = tools
  const toolsFor = (c: Context) => ({ ...rest, origin: new URL(c.req.url).origin })
  return new Hono<ConsoleEnv>()
    .get('/', async (c) => {
      const query = queryOf(c, v.strictObject(pageEntries))
      if (!query.ok) return refuse(c, query.error)
      const { next: cursor } = query.value.value
      const { items, next } = await listCauses(c.env.DB, { limit: MAX_CAUSES, cursor })
      return show(c, 'Quarantine', <Quarantine causes={items} next={next} />)
    })
    .post('/plan', (c) => releaseOr(c, true))
    .post('/release', (c) => releaseOr(c, false))
    .post('/dismiss', async (c) => {
      const form = v.safeParse(DismissForm, await fieldsOf(c))
      if (!form.success) return goTo(c, PATH, wordsOf(form.issues[0]), 'refused')
      const { reason, ...filter } = form.output
      const config = configOf(c.env)
      const events = await dismiss(c.env, config, filter, reason, MAX_DISMISSED, toolsFor(c))
      if (events.length > 0) {
        await acted(c, tools, 'dismissed from quarantine', pluralize(events.length, 'message'))
      }
      return goTo(c, PATH, `${pluralize(events.length, 'message')} put away; the log keeps them.`)
    })

  /** Releases what a form names, or only says what that would do. */
  async function releaseOr(c: Context<ConsoleEnv>, isDryRun: boolean) {
    const form = v.safeParse(ReleaseForm, await fieldsOf(c))
    if (!form.success) return goTo(c, PATH, wordsOf(form.issues[0]), 'refused')
    const { after, ...filter } = form.output
    const options = { after, limit: MAX_RELEASED, isDryRun }
    const result = await release(c.env, configOf(c.env), filter, options, toolsFor(c))
    if (!isDryRun && result.released.length > 0) {
      await acted(
        c,
        tools,
        'released from quarantine',
        pluralize(result.released.length, 'message'),
      )
    }
    return show(c, 'Release', <Release view={{ filter, isDryRun, ...result }} />)
  }
}
