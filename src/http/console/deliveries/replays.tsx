// `/console/replays`: previewing a replay by filter, starting it, and following its progress.
import { Hono } from 'hono/tiny'
import * as v from 'valibot'
import {
  Replay,
  type ReplayForm,
  ReplayPreview,
  Replays,
} from '../../../console/deliveries/replays.tsx'
import { DEFAULT_PER_SECOND, type ReplayFilter } from '../../../core/deliveries/replay.ts'
import { RELAY_SOURCE } from '../../../core/events/system-event.ts'
import { isReplayId } from '../../../core/id.ts'
import { err, ok, type Result } from '../../../core/result.ts'
import { changeReplay, previewReplay, startReplay } from '../../../stages/operate/acts/replays.ts'
import { getReplay, listReplays } from '../../../store/deliveries/replays/replays.ts'
import { Filter, filterOf, Rate } from '../../api/deliveries/replays.ts'
import type { ApiTools } from '../../tools.ts'
import { fieldsOf, filled, goTo, show, showRefusal, signedIn } from '../frame.ts'
import { describeIssue } from '../query.ts'
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
        form: filled(c.req.query()),
        targets: targets.map(({ name }) => name),
        sources: [...sources.keys(), RELAY_SOURCE],
        replays: await listReplays(c.env.DB, SHOWN),
      }
      return show(c, 'Replays', <Replays {...view} />)
    })
    .post('/plan', async (c) => {
      const form = await fieldsOf(c)
      const read = readForm(form, now())
      if (!read.ok) return goTo(c, PATH, read.error, 'refused')
      const plan = await previewReplay(signedIn(c, tools), read.value.filter, tools)
      if (!plan.ok) return showRefusal(c, plan.error, PATH)
      return show(c, 'Replay', <ReplayPreview form={form} plan={plan.value} />)
    })
    .post('/', async (c) => {
      const read = readForm(await fieldsOf(c), now())
      if (!read.ok) return goTo(c, PATH, read.error, 'refused')
      const { filter, perSecond } = read.value
      const started = await startReplay(signedIn(c, tools), filter, perSecond, tools)
      if (!started.ok) return showRefusal(c, started.error, PATH)
      return c.redirect(`${PATH}/${started.value.id}`, 303)
    })
    .get('/:id', async (c) => {
      const id = c.req.param('id')
      const replay = isReplayId(id) ? await getReplay(c.env.DB, id) : undefined
      return replay === undefined
        ? showRefusal(c, { kind: 'unknown_replay' }, undefined)
        : show(c, replay.id, <Replay replay={replay} />)
    })
    .post('/:id/stop', async (c) => {
      const page = `${PATH}/${encodeURIComponent(c.req.param('id'))}`
      const stop = await changeReplay(signedIn(c, tools), c.req.param('id'), 'stop', tools)
      return stop.ok ? goTo(c, page, 'The replay is stopped.') : showRefusal(c, stop.error, page)
    })
    .post('/:id/resume', async (c) => {
      const page = `${PATH}/${encodeURIComponent(c.req.param('id'))}`
      const resume = await changeReplay(signedIn(c, tools), c.req.param('id'), 'resume', tools)
      return resume.ok
        ? goTo(c, page, 'The replay is resumed.')
        : showRefusal(c, resume.error, page)
    })
}

/** Reads the form of a replay. Refuses in words. `now` in epoch milliseconds. */
function readForm(
  { per_second, ...fields }: ReplayForm,
  now: number,
): Result<{ filter: ReplayFilter; perSecond: number }, string> {
  const filter = v.safeParse(Filter, fields)
  if (!filter.success) return err(describeIssue(filter.issues[0]))
  const rate = v.safeParse(Rate, Number(per_second ?? DEFAULT_PER_SECOND))
  if (!rate.success) return err(`The number per second ${rate.issues[0].message}.`)
  return ok({ filter: filterOf(filter.output, now), perSecond: rate.output })
}
