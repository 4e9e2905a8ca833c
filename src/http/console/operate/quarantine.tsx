// `/console/quarantine`: quarantined messages by cause, releasing and dismissing them.
import type { Context } from 'hono'
import { Hono } from 'hono/tiny'
import * as v from 'valibot'
import { Quarantine, Release } from '../../../console/operate/quarantine.tsx'
import { pluralize } from '../../../core/text.ts'
import { dismissMessages, releaseMessages } from '../../../stages/operate/acts/quarantine.ts'
import { listCauses } from '../../../store/operate/quarantine.ts'
import { Id, pageEntries, text } from '../../api/fields.ts'
import { Reason } from '../../api/operate/quarantine.ts'
import type { ApiTools } from '../../tools.ts'
import { fieldsOf, goTo, show, showError, signedIn } from '../frame.ts'
import { describeIssue, queryOf } from '../query.ts'
import type { ConsoleEnv } from '../session.ts'

const PATH = '/console/quarantine'
const MAX_CAUSES = 200

/** The messages of one cause. */
const cause = { source: text, cause: text, vendortype: v.exactOptional(text) }
const ReleaseForm = v.strictObject({ ...cause, after: v.exactOptional(Id) })
const DismissForm = v.strictObject({ ...cause, reason: Reason })

/** The routes of the quarantine. */
export function quarantine(tools: ApiTools) {
  return new Hono<ConsoleEnv>()
    .get('/', async (c) => {
      const read = queryOf(c, v.strictObject(pageEntries))
      if (!read.ok) return showError(c, read.error)
      const { next: cursor } = read.value.value
      const { items, next } = await listCauses(c.env.DB, { limit: MAX_CAUSES, cursor })
      return show(c, 'Quarantine', <Quarantine causes={items} next={next} />)
    })
    .post('/plan', (c) => release(c, true))
    .post('/release', (c) => release(c, false))
    .post('/dismiss', async (c) => {
      const form = v.safeParse(DismissForm, await fieldsOf(c))
      if (!form.success) return goTo(c, PATH, describeIssue(form.issues[0]), 'refused')
      const { reason, ...filter } = form.output
      const { events } = await dismissMessages(signedIn(c, tools), filter, reason, tools)
      const messages = pluralize(events.length, 'message')
      return goTo(c, PATH, `${messages} dismissed; they stay in the log.`)
    })

  /** Releases the messages of a form, or previews that. */
  async function release(c: Context<ConsoleEnv>, isDryRun: boolean) {
    const form = v.safeParse(ReleaseForm, await fieldsOf(c))
    if (!form.success) return goTo(c, PATH, describeIssue(form.issues[0]), 'refused')
    const { after, ...filter } = form.output
    const result = await releaseMessages(signedIn(c, tools), filter, { after, isDryRun }, tools)
    return show(c, 'Release', <Release view={{ filter, isDryRun, ...result }} />)
  }
}
