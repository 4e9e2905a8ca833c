// Replays by filter: previewing, starting, stopping and resuming them, and their progress.
import { Hono } from 'hono/tiny'
import * as v from 'valibot'
import {
  DEFAULT_PER_SECOND,
  MAX_PER_SECOND,
  type ReplayFilter,
} from '../../../core/deliveries/replay.ts'
import { formatInstant } from '../../../core/events/time.ts'
import { isReplayId, REPLAY_ID_PATTERN, type ReplayId } from '../../../core/id.ts'
import { parseTime } from '../../../core/period.ts'
import type { Env } from '../../../env.ts'
import { changeReplay, previewReplay, startReplay } from '../../../stages/operate/acts/replays.ts'
import { getReplay, listReplays } from '../../../store/deliveries/replays/replays.ts'
import { body, describe, query } from '../../operation.ts'
import { operatorOf } from '../../operator.ts'
import { refusalProblem } from '../../refusals.ts'
import type { ApiTools } from '../../tools.ts'
import { pageOf, Replay, ReplayableState, ReplayPlan, StartedReplay } from '../answers/index.ts'
import { flag, Limit, oneOrMore, Time, TYPES, TypePattern, text } from '../fields.ts'

/** The deliveries to replay, by at least one condition. */
export const Filter = v.pipe(
  v.strictObject({
    target: oneOrMore(text, 'Names of targets'),
    source: oneOrMore(text, 'Names of sources'),
    type: oneOrMore(TypePattern, TYPES),
    state: oneOrMore(ReplayableState, 'States of deliveries'),
    since: v.exactOptional(Time),
    until: v.exactOptional(Time),
    person: v.exactOptional(
      v.pipe(text, v.description('A person, by ID, contact ID of the vendor or e-mail address')),
    ),
  }),
  v.minEntries(1, 'must name at least one of target, source, type, state, since, until and person'),
)

const ReplayIdText = v.pipe(
  v.string('must be a replay ID (rpl_…)'),
  v.regex(REPLAY_ID_PATTERN, 'must be a replay ID (rpl_…)'),
  v.guard((id): id is ReplayId => isReplayId(id)),
  v.description('`next` of the previous page'),
  v.examples(['rpl_1jm3jqgq5fh']),
)

/** How many deliveries per second a replay sends. */
export const Rate = v.pipe(
  v.number('must be a number'),
  v.minValue(0.1, 'must be at least 0.1'),
  v.maxValue(MAX_PER_SECOND, `must be at most ${MAX_PER_SECOND}`),
)

const Body = v.strictObject({
  filter: Filter,
  per_second: v.optional(Rate, DEFAULT_PER_SECOND),
  dry_run: flag(false),
})

const ListQuery = v.strictObject({ limit: Limit, next: v.exactOptional(ReplayIdText) })

/** The routes of `/api/replays`. */
export function replays({ configOf, ...tools }: ApiTools) {
  return new Hono<{ Bindings: Env }>()
    .get(
      '/',
      describe({
        summary: 'Replays, newest first',
        details: 'Running replays, and those that are done or were stopped.',
        answers: { 200: pageOf('replays', Replay) },
      }),
      query(ListQuery),
      async (c) => {
        const { limit, next } = c.req.valid('query')
        const replays = await listReplays(c.env.DB, limit, next)
        return c.json({
          replays: replays.map(asJson),
          next: replays.length === limit ? (replays.at(-1)?.id ?? null) : null,
        })
      },
    )
    .get(
      '/:id',
      describe({
        summary: 'A replay and its progress',
        details: '`replayed` of `total` deliveries are queued.',
        answers: { 200: Replay },
        problems: [404],
      }),
      async (c) => {
        const id = c.req.param('id')
        const replay = isReplayId(id) ? await getReplay(c.env.DB, id) : undefined
        return replay === undefined
          ? refusalProblem({ kind: 'unknown_replay' })
          : c.json(asJson(replay))
      },
    )
    .post(
      '/',
      describe({
        summary: 'Send all deliveries that match a filter again',
        details: 'With `dry_run`, only counts them.',
        answers: { 200: ReplayPlan, 202: StartedReplay },
        problems: [404],
      }),
      body(Body),
      async (c) => {
        const request = c.req.valid('json')
        const operator = operatorOf(c, configOf)
        const filter = filterOf(request.filter, tools.now())
        if (request.dry_run) {
          const plan = await previewReplay(operator, filter, tools)
          if (!plan.ok) return refusalProblem(plan.error)
          return c.json({ dry_run: true, ...asJson({ filter }), ...plan.value }, 200)
        }
        const started = await startReplay(operator, filter, request.per_second, tools)
        if (!started.ok) return refusalProblem(started.error)
        const { id, plan } = started.value
        const replay = await present(c.env.DB, id)
        return c.json({ ...asJson(replay), ...plan }, 202, { location: `/api/replays/${id}` })
      },
    )
    .post(
      '/:id/stop',
      describe({
        summary: 'Stop a replay',
        details: 'Deliveries that are queued already are still sent. It can be resumed.',
        answers: { 200: Replay },
        problems: [404, 409],
      }),
      async (c) => {
        const stop = await changeReplay(operatorOf(c, configOf), c.req.param('id'), 'stop', tools)
        if (!stop.ok) return refusalProblem(stop.error)
        return c.json(asJson(await present(c.env.DB, stop.value)), 200)
      },
    )
    .post(
      '/:id/resume',
      describe({
        summary: 'Resume a stopped replay',
        details: 'It continues with the delivery after the last one that was queued.',
        answers: { 200: Replay },
        problems: [404, 409],
      }),
      async (c) => {
        const resume = await changeReplay(
          operatorOf(c, configOf),
          c.req.param('id'),
          'resume',
          tools,
        )
        if (!resume.ok) return refusalProblem(resume.error)
        return c.json(asJson(await present(c.env.DB, resume.value)), 200)
      },
    )
}

/** The filter of a request. `now` in epoch milliseconds. */
export function filterOf(filter: v.InferOutput<typeof Filter>, now: number): ReplayFilter {
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

/** A replay or a plan, with its filter in the fields of the request. */
function asJson<R extends { filter: ReplayFilter }>({ filter, ...rest }: R) {
  const { targets, sources, types, states, since, until, person } = filter
  const time = (ms: number | undefined) => (ms === undefined ? undefined : formatInstant(ms))
  const fields = { target: targets, source: sources, type: types, state: states, person }
  return { ...rest, filter: { ...fields, since: time(since), until: time(until) } }
}

/** A replay that must exist: an act has just written it. */
async function present(db: D1Database, id: ReplayId) {
  const replay = await getReplay(db, id)
  if (replay === undefined) throw new Error(`${id} is gone`)
  return replay
}
