// `/console/targets`: how they fare; pausing, resuming and trying them.
import type { Context } from 'hono'
import { Hono } from 'hono/tiny'
import { targetOf } from '../../../config.ts'
import { Targets } from '../../../console/deliveries/targets.tsx'
import { isBroken } from '../../../core/deliveries/target.ts'
import { describeAnswer } from '../../../core/text.ts'
import { steerTarget } from '../../../stages/deliveries/health.ts'
import { tryTarget } from '../../../stages/operate/try-target.ts'
import { listHealth } from '../../../store/deliveries/targets.ts'
import { getSnapshot } from '../../../store/ledger/snapshot.ts'
import { shownTargets } from '../../api/deliveries/targets.ts'
import type { ApiTools } from '../../tools.ts'
import { acted, goTo, refuse, show } from '../frame.ts'
import type { ConsoleEnv } from '../session.ts'

const PATH = '/console/targets'

/** The routes of the targets. */
export function targets(tools: ApiTools) {
  const { configOf, ...rest } = tools
  return new Hono<ConsoleEnv>()
    .get('/', async (c) => {
      const [healths, snapshot] = await Promise.all([listHealth(c.env.DB), getSnapshot(c.env.DB)])
      const view = shownTargets(configOf(c.env), healths, snapshot)
      return show(c, 'Targets', <Targets targets={view} />)
    })
    .post('/:name/pause', (c) => steer(c, c.req.param('name'), 'pause'))
    .post('/:name/resume', (c) => steer(c, c.req.param('name'), 'resume'))
    .post('/:name/test', async (c) => {
      const name = c.req.param('name')
      const target = targetOf(configOf(c.env), name)
      if (target === undefined) return unknownTarget(c)
      if (isBroken(target)) {
        return goTo(c, PATH, `${name} is not configured completely: ${target.broken}.`, 'refused')
      }
      const { event, delivered, attempt } = await tryTarget(c.env, target, rest)
      await acted(c, tools, 'tested a target', name)
      const words = `${describeAnswer(name, attempt)}.`
      return goTo(c, `/console/events/${event}`, words, delivered ? 'done' : 'refused')
    })

  async function steer(c: Context<ConsoleEnv>, name: string, wish: 'pause' | 'resume') {
    const config = configOf(c.env)
    if (targetOf(config, name) === undefined) return unknownTarget(c)
    const { state } = await steerTarget(c.env, config, name, wish, rest)
    await acted(c, tools, wish === 'pause' ? 'paused a target' : 'resumed a target', name)
    const then =
      wish === 'pause' ? 'What it is owed is held.' : 'What is held goes out within a minute.'
    return goTo(c, PATH, `${name} is ${state}. ${then}`)
  }
}

function unknownTarget(c: Context<ConsoleEnv>): Response {
  return refuse(c, 'There is no such target.', 404)
}
