// Targets: their state and figures; pausing, resuming and testing them.
import { Hono } from 'hono/tiny'
import { type Config, isEveryTargetKnown, targetOf, unreadableTexts } from '../../../config.ts'
import { HEALTHY, type Health, nextProbeAt } from '../../../core/deliveries/breaker.ts'
import { heldUntil, type KnownTarget } from '../../../core/deliveries/known-targets.ts'
import { isBroken } from '../../../core/deliveries/target.ts'
import { formatInstant } from '../../../core/events/time.ts'
import type { Snapshot, TargetFigures } from '../../../core/ledger/snapshot.ts'
import type { Env } from '../../../env.ts'
import { changeTarget, sendTestEvent } from '../../../stages/operate/acts/targets.ts'
import { listKnownTargets } from '../../../store/deliveries/known-targets.ts'
import { listHealth } from '../../../store/deliveries/targets.ts'
import { getSnapshot } from '../../../store/ledger/snapshot.ts'
import { describe } from '../../operation.ts'
import { operatorOf } from '../../operator.ts'
import { refusalProblem } from '../../refusals.ts'
import type { ApiTools } from '../../tools.ts'
import { Target, Targets, TargetTest } from '../answers/index.ts'
import { instant } from '../fields.ts'

/** The routes of `/api/targets`. */
export function targets({ configOf, ...tools }: ApiTools) {
  return new Hono<{ Bindings: Env }>()
    .get(
      '/',
      describe({
        summary: 'All targets, with their state and figures',
        answers: { 200: Targets },
      }),
      async (c) => {
        const { DB } = c.env
        const config = configOf(c.env)
        const { targets, snapshot } = await readTargetViews(DB, config)
        const unreadable = unreadableTexts(config, 'targets')
        return c.json({ as_of: instant(snapshot?.asOf), unreadable, targets })
      },
    )
    .get(
      '/:name',
      describe({
        summary: 'A target, with its state and figures',
        answers: { 200: Target },
        problems: [404],
      }),
      async (c) => {
        const name = c.req.param('name')
        const { targets } = await readTargetViews(c.env.DB, configOf(c.env))
        const view = targets.find((target) => target.name === name)
        if (view === undefined) return refusalProblem({ kind: 'unknown_target', names: [name] })
        return c.json(view, 200)
      },
    )
    .post(
      '/:name/pause',
      describe({
        summary: 'Pause a target: hold its deliveries',
        answers: { 200: Target },
        problems: [404],
      }),
      async (c) => {
        const done = await changeTarget(
          operatorOf(c, configOf),
          c.req.param('name'),
          'pause',
          tools,
        )
        if (!done.ok) return refusalProblem(done.error)
        return c.json(await withFigures(c.env, done.value.target, done.value.health), 200)
      },
    )
    .post(
      '/:name/resume',
      describe({
        summary: 'Resume a target, whatever stopped it',
        answers: { 200: Target },
        problems: [404],
      }),
      async (c) => {
        const done = await changeTarget(
          operatorOf(c, configOf),
          c.req.param('name'),
          'resume',
          tools,
        )
        if (!done.ok) return refusalProblem(done.error)
        return c.json(await withFigures(c.env, done.value.target, done.value.health), 200)
      },
    )
    .post(
      '/:name/test',
      describe({
        summary: 'Send a test event to a target, whatever its state, and wait for the response',
        details:
          'The event is marked `test`, and is not retried. A receiver that answers with its `type` and `data.code` shows that it read the event.',
        answers: { 200: TargetTest },
        problems: [404, 409],
      }),
      async (c) => {
        const tried = await sendTestEvent(operatorOf(c, configOf), c.req.param('name'), tools)
        return tried.ok ? c.json(tried.value) : refusalProblem(tried.error)
      },
    )
}

async function withFigures({ DB }: Env, target: AnyTarget, health: Health | undefined) {
  const snapshot = await getSnapshot(DB)
  return viewOf(
    target,
    health,
    snapshot?.targets.find(({ name }) => name === target.name),
  )
}

/** The targets as operators see them, those last that are not configured; and the snapshot with their figures. */
export async function readTargetViews(db: D1Database, config: Config) {
  const [healths, snapshot, known] = await Promise.all([
    listHealth(db),
    getSnapshot(db),
    listKnownTargets(db),
  ])
  const unknown = unknownViews(config, known, snapshot)
  return { targets: [...targetViews(config, healths, snapshot), ...unknown], snapshot }
}

/** The configured targets: configuration, state and figures. */
function targetViews(
  { targets }: Config,
  healths: ReadonlyMap<string, Health>,
  snapshot: Snapshot | undefined,
) {
  return targets.map((target) => {
    const figures = snapshot?.targets.find(({ name }) => name === target.name)
    return viewOf(target, healths.get(target.name), figures)
  })
}

/** The targets that are not configured: those to which deliveries are owed, or all that are held for. */
function unknownViews(
  config: Config,
  known: readonly KnownTarget[],
  snapshot: Snapshot | undefined,
) {
  const figuresOf = (name: string) => snapshot?.targets.find((one) => one.name === name)
  const isOwed = ({ deliveries }: TargetFigures) =>
    deliveries.pending + deliveries.retrying + deliveries.held > 0
  const owed = (snapshot?.targets ?? []).filter(isOwed).map(({ name }) => name)
  const isComplete = isEveryTargetKnown(config)
  const heldFor = isComplete ? [] : known.map(({ name }) => name)
  const names = [...new Set([...owed, ...heldFor])].filter((name) => !targetOf(config, name))
  return names.sort().map((name) => {
    const figures = figuresOf(name)
    const entry = known.find((one) => one.name === name)
    return {
      name,
      state: 'unknown' as const,
      reason: isComplete
        ? 'it is not configured: its deliveries are held for a day, then cancelled'
        : 'TARGETS cannot be read: its deliveries are held until it can be',
      held_until: instant(isComplete && entry ? heldUntil(entry) : undefined),
      failures: 0,
      failing_since: null,
      next_probe_at: null,
      figures: figures === undefined ? null : figuresAsJson(figures),
    }
  })
}

type AnyTarget = Config['targets'][number]

/** A target as operators see it, without its URL, which may contain a secret. */
function viewOf(target: AnyTarget, health: Health = HEALTHY, figures?: TargetFigures) {
  const { state, failures, failingSince } = health
  const configured = isBroken(target) ? 'broken' : target.enabled ? state : 'disabled'
  return {
    name: target.name,
    state: configured,
    reason: isBroken(target) ? target.broken : null,
    held_until: null,
    failures,
    failing_since: instant(failingSince),
    next_probe_at: instant(nextProbeAt(health)),
    figures: figures === undefined ? null : figuresAsJson(figures),
  }
}

function figuresAsJson(figures: TargetFigures) {
  const { deliveries, lastSuccess, lastFailure, hour, day } = figures
  const { pending, retrying, held } = deliveries
  return {
    backlog: { pending, retrying, held },
    oldest_due: instant(figures.oldestDue),
    oldest_held: instant(figures.oldestHeld),
    last_success: lastSuccess && { ...lastSuccess, at: formatInstant(lastSuccess.at) },
    last_failure: lastFailure && { ...lastFailure, at: formatInstant(lastFailure.at) },
    last_hour: { attempts: hour.made, delivered: hour.delivered },
    last_day: {
      attempts: day.made,
      delivered: day.delivered,
      answer_ms: day.answer,
      latency_ms: day.latency,
    },
  }
}
