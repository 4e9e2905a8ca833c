// `/console/replays`: what a filter would send again, beginning that, and how far it has come.
import type { Context } from 'hono'
import { Hono } from 'hono/tiny'
import * as v from 'valibot'
import { Plan, Replay, Replays, type Wanted } from '../../../console/deliveries/replays.tsx'
import { DEFAULT_PER_SECOND, type ReplayFilter } from '../../../core/deliveries/replay.ts'
import { isReplayId } from '../../../core/id.ts'
import { err, ok, type Result } from '../../../core/result.ts'
import {
  beginReplay,
  planFor,
  steerReplayTo,
  unknownTargets,
} from '../../../stages/deliveries/replay.ts'
import { getReplay, listReplays } from '../../../store/deliveries/replays.ts'
import { Filter, filterOf, Rate } from '../../api/deliveries/replays.ts'
import type { ApiTools } from '../../tools.ts'
import { acted, fieldsOf, filled, goTo, refuse, show } from '../frame.ts'
import { wordsOf } from '../query.ts'
import type { ConsoleEnv } from '../session.ts'

const PATH = '/console/replays'
const SHOWN = 20

/** The routes of replays by filter. */
export function replays(tools: ApiTools) {
  const { configOf, now } = tools
  return new Hono<ConsoleEnv>()
    .get('/', async (c) => {
      const { targets, sources } = configOf(c.env)
      const view = {
        wanted: filled(c.req.query()),
        targets: targets.map(({ name }) => name),
        sources: [...sources.keys(), 'relay'],
        replays: await listReplays(c.env.DB, SHOWN),
      }
      return show(c, 'Replays', <Replays {...view} />)
    })
    .post('/plan', async (c) => {
      const wanted = await fieldsOf(c)
      const read = readWanted(wanted, c)
      if (!read.ok) return goTo(c, PATH, read.error, 'refused')
      const plan = await planFor(c.env, configOf(c.env), read.value.filter, now())
      return show(c, 'Replay', <Plan wanted={wanted} plan={plan} />)
    })
    .post('/', async (c) => {
      const read = readWanted(await fieldsOf(c), c)
      if (!read.ok) return goTo(c, PATH, read.error, 'refused')
      const { filter, perSecond } = read.value
      const { id, plan } = await beginReplay(c.env, configOf(c.env), filter, perSecond, tools)
      await acted(c, tools, 'began a replay', `${id} of ${plan.total}`)
      return c.redirect(`${PATH}/${id}`, 303)
    })
    .get('/:id', async (c) => {
      const replay = await replayOf(c)
      return replay === undefined
        ? unknownReplay(c)
        : show(c, replay.id, <Replay replay={replay} />)
    })
    .post('/:id/stop', (c) => steer(c, 'stopped'))
    .post('/:id/resume', (c) => steer(c, 'running'))

  async function steer(c: Context<ConsoleEnv>, state: 'stopped' | 'running') {
    const replay = await replayOf(c)
    if (replay === undefined) return unknownReplay(c)
    const page = `${PATH}/${replay.id}`
    if (!(await steerReplayTo(c.env, configOf(c.env), replay, state, tools))) {
      return goTo(c, page, 'This replay is done.', 'refused')
    }
    await acted(c, tools, state === 'stopped' ? 'stopped a replay' : 'resumed a replay', replay.id)
    return goTo(c, page, state === 'stopped' ? 'It is stopped where it was.' : 'It goes on.')
  }

  /** What the form asks for, or what is wrong with it. */
  function readWanted(
    { per_second, ...fields }: Wanted,
    c: Context<ConsoleEnv>,
  ): Result<{ filter: ReplayFilter; perSecond: number }, string> {
    const read = v.safeParse(Filter, fields)
    if (!read.success) return err(wordsOf(read.issues[0]))
    const rate = v.safeParse(Rate, Number(per_second ?? DEFAULT_PER_SECOND))
    if (!rate.success) return err(`The number a second ${rate.issues[0].message}.`)
    const filter = filterOf(read.output, now())
    const unknown = unknownTargets(filter, configOf(c.env))
    return unknown.length > 0
      ? err(`There is no target ${unknown.join(', ')}.`)
      : ok({ filter, perSecond: rate.output })
  }
}

async function replayOf(c: Context<ConsoleEnv>) {
  const id = c.req.param('id') ?? ''
  return isReplayId(id) ? getReplay(c.env.DB, id) : undefined
}

function unknownReplay(c: Context<ConsoleEnv>): Response {
  return refuse(c, 'There is no replay of this id.', 404)
}
