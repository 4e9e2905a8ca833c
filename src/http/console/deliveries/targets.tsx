// `/console/targets`: their state and figures; pausing, resuming and testing them.
import { Hono } from 'hono/tiny'
import { Targets } from '../../../console/deliveries/targets.tsx'
import { describeAnswer } from '../../../core/text.ts'
import { changeTarget, sendTestEvent } from '../../../stages/operate/acts/targets.ts'
import { readTargetViews } from '../../api/deliveries/targets.ts'
import type { ApiTools } from '../../tools.ts'
import { goTo, show, showRefusal, signedIn } from '../frame.ts'
import type { ConsoleEnv } from '../session.ts'

const PATH = '/console/targets'

/** The routes of the targets. */
export function targets(tools: ApiTools) {
  const { configOf } = tools
  return new Hono<ConsoleEnv>()
    .get('/', async (c) => {
      const { targets } = await readTargetViews(c.env.DB, configOf(c.env))
      return show(c, 'Targets', <Targets targets={targets} />)
    })
    .post('/:name/pause', async (c) => {
      const name = c.req.param('name')
      const done = await changeTarget(signedIn(c, tools), name, 'pause', tools)
      if (!done.ok) return showRefusal(c, done.error, undefined)
      return goTo(c, PATH, `${name} is ${done.value.health.state}. Its deliveries are held.`)
    })
    .post('/:name/resume', async (c) => {
      const name = c.req.param('name')
      const done = await changeTarget(signedIn(c, tools), name, 'resume', tools)
      if (!done.ok) return showRefusal(c, done.error, undefined)
      const { state } = done.value.health
      return goTo(c, PATH, `${name} is ${state}. Held deliveries are sent within a minute.`)
    })
    .post('/:name/test', async (c) => {
      const name = c.req.param('name')
      const tried = await sendTestEvent(signedIn(c, tools), name, tools)
      if (!tried.ok) {
        const isUnknown = tried.error.kind === 'unknown_target'
        return showRefusal(c, tried.error, isUnknown ? undefined : PATH)
      }
      const { event, delivered, attempt } = tried.value
      const text = `${describeAnswer(name, attempt)}.`
      return goTo(c, `/console/events/${event}`, text, delivered ? 'done' : 'refused')
    })
}
