// Replays by filter: what one would do, beginning one, and how far it has come.
import { Hono } from 'hono'
import * as v from 'valibot'
import { ID_RANDOM_RANGE, isReplayId, keyOfId, newEventId, replayIdOfKey } from '../../core/id.ts'
import { parseTime } from '../../core/period.ts'
import {
  DEFAULT_PER_SECOND,
  MAX_PER_SECOND,
  REPLAYABLE_STATES,
  type ReplayFilter,
} from '../../core/replay.ts'
import type { Env } from '../../env.ts'
import { goOnWithReplay } from '../../stages/replay.ts'
import { planReplay } from '../../store/replay-steps.ts'
import { createReplay, getReplay, listReplays, steerReplay } from '../../store/replays.ts'
import { problem } from '../problems.ts'
import type { ApiTools } from './index.ts'
import { Limit, readBody, readQuery, Time } from './read.ts'

const text = v.pipe(v.string('must be a text'), v.nonEmpty('must not be empty'))
const oneOrMore = <S extends v.GenericSchema<string>>(item: S) =>
  v.exactOptional(
    v.pipe(
      v.union([v.array(v.string()), v.string()], 'must be a text or a list of texts'),
      v.transform((value) => [value].flat()),
      v.array(item),
    ),
  )

const Filter = v.pipe(
  v.strictObject({
    target: oneOrMore(text),
    source: oneOrMore(text),
    type: oneOrMore(v.pipe(text, v.regex(/^[^*]*\*?$/, 'may hold one * only, at its end'))),
    state: oneOrMore(
      v.picklist(REPLAYABLE_STATES, `must be one of ${REPLAYABLE_STATES.join(', ')}`),
    ),
    since: v.exactOptional(Time),
    until: v.exactOptional(Time),
    person: v.exactOptional(text),
  }),
  v.check(
    (filter) => Object.keys(filter).length > 0,
    'must name at least one of target, source, type, state, since, until and person',
  ),
)

const Body = v.strictObject({
  filter: Filter,
  per_second: v.optional(
    v.pipe(
      v.number('must be a number'),
      v.minValue(0.1, 'must be at least 0.1'),
      v.maxValue(MAX_PER_SECOND, `must be at most ${MAX_PER_SECOND}`),
    ),
    DEFAULT_PER_SECOND,
  ),
  dry_run: v.optional(v.boolean('must be true or false'), false),
})

/** The routes of `/api/replays`. */
export function replays({ configOf, now, random, log }: ApiTools) {
  return new Hono<{ Bindings: Env }>()
    .get('/', async (c) => {
      const query = readQuery(c, v.object({ limit: Limit }))
      if (!query.ok) return query.error
      return c.json({ replays: await listReplays(c.env.DB, query.value.limit) })
    })
    .get('/:id', async (c) => {
      const replay = await replayOf(c.env.DB, c.req.param('id'))
      return replay === undefined ? unknownReplay() : c.json(replay)
    })
    .post('/', async (c) => {
      const body = await readBody(c, Body)
      if (!body.ok) return body.error
      const config = configOf(c.env)
      const known = config.targets.map(({ name }) => name)
      const filter = filterOf(body.value.filter, now())
      const unknown = (filter.targets ?? []).filter((name) => !known.includes(name))
      if (unknown.length > 0)
        return problem(404, 'unknown-target', `There is no target ${unknown.join(', ')}.`)
      const plan = await planReplay(c.env.DB, filter, known, now())
      if (body.value.dry_run) return c.json({ dry_run: true, filter, ...plan })
      const random21 = Math.floor(random() * ID_RANDOM_RANGE)
      const id = replayIdOfKey(keyOfId(newEventId(now(), random21)))
      await createReplay(c.env.DB, id, filter, body.value.per_second, plan.total)
      await goOnWithReplay(c.env, config, id, now(), log)
      const replay = await getReplay(c.env.DB, id)
      return c.json({ ...replay, ...plan }, 202, { location: `/api/replays/${id}` })
    })
    .post('/:id/:wish{stop|resume}', async (c) => {
      const { id, wish } = c.req.param()
      const replay = await replayOf(c.env.DB, id)
      if (replay === undefined) return unknownReplay()
      const state = wish === 'stop' ? 'stopped' : 'running'
      const hasMoved = await steerReplay(c.env.DB, replay.id, state, now())
      if (!hasMoved && replay.state !== state)
        return problem(409, 'replay-done', 'This replay is done.')
      if (hasMoved && state === 'running') {
        await goOnWithReplay(c.env, configOf(c.env), replay.id, now(), log)
      }
      return c.json(await replayOf(c.env.DB, id))
    })
}

function filterOf(filter: v.InferOutput<typeof Filter>, now: number): ReplayFilter {
  const { target, source, type, state, since, until, person } = filter
  const time = (text: string) => parseTime(text, now) ?? now
  return {
    ...(target === undefined ? {} : { targets: target }),
    ...(source === undefined ? {} : { sources: source }),
    ...(type === undefined ? {} : { types: type }),
    ...(state === undefined ? {} : { states: state }),
    ...(since === undefined ? {} : { since: time(since) }),
    ...(until === undefined ? {} : { until: time(until) }),
    ...(person === undefined ? {} : { person }),
  }
}

async function replayOf(db: D1Database, id: string) {
  return isReplayId(id) ? getReplay(db, id) : undefined
}

function unknownReplay(): Response {
  return problem(404, 'unknown-replay', 'There is no replay of this id.')
}
