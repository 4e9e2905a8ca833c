// The simulator: messages as a vendor would send them, sent to the ingest URL of a source.
import { Hono } from 'hono/tiny'
import * as v from 'valibot'
import { parseTime } from '../../../core/period.ts'
import type { Result } from '../../../core/result.ts'
import type { Env, Tools } from '../../../env.ts'
import { MAX_MEMBERS } from '../../../simulator/journey.ts'
import type { Operator, Refusal } from '../../../stages/operate/acts/audit.ts'
import { type SimulationResult, sendSimulation } from '../../../stages/operate/acts/simulation.ts'
import { MAX_STEPS } from '../../../stages/operate/simulate.ts'
import { intake } from '../../intake.ts'
import { body, describe } from '../../operation.ts'
import { operatorOf } from '../../operator.ts'
import { refusalProblem } from '../../refusals.ts'
import type { ApiTools } from '../../tools.ts'
import { SimulationPage } from '../answers/index.ts'
import { exactlyOne } from '../choice.ts'
import { Time, text } from '../fields.ts'

const whole = (least: number, most: number) =>
  v.pipe(
    v.number('must be a number'),
    v.integer('must be a whole number'),
    v.minValue(least, `must be at least ${least}`),
    v.maxValue(most, `must be at most ${most}`),
  )
const PROBABILITY = 'must be true, false or a probability from 0 to 1'
/** Whether a trouble happens, or how often. */
export const Probability = v.union(
  [v.boolean(), v.pipe(v.number(), v.minValue(0, PROBABILITY), v.maxValue(1, PROBABILITY))],
  PROBABILITY,
)
const probability = v.exactOptional(Probability)

/** The members of a journey, and the troubles that their messages have: none by default. */
export const Journey = v.pipe(
  v.strictObject({
    members: v.optional(whole(1, MAX_MEMBERS), 1),
    start: v.exactOptional(Time),
    duplicates: probability,
    reordering: probability,
    lateness: probability,
    drift: probability,
    junk: probability,
  }),
  v.description(
    'Members from joining to leaving, and the troubles of their messages: none by default',
  ),
)

/** One message, or a page of the journeys of some members. */
export const SimulationRequest = v.pipe(
  v.strictObject({
    source: text,
    type: v.exactOptional(
      v.pipe(text, v.description('A single message of this type of the vendor')),
    ),
    overrides: v.exactOptional(
      v.pipe(
        v.record(v.string(), v.unknown(), 'must be an object of values by path'),
        v.description('Values for its body, by path: `{"data.total": 0}`'),
      ),
    ),
    journey: v.exactOptional(Journey),
    seed: v.exactOptional(
      v.pipe(
        text,
        v.maxCodePoints(100, 'must have at most 100 characters'),
        v.description('The same seed gives the same messages; random by default'),
      ),
    ),
    offset: v.optional(whole(0, 100_000), 0),
    limit: v.optional(whole(1, MAX_STEPS), 20),
  }),
  exactlyOne(['type', 'journey'], 'must have either type or journey'),
  v.check(
    ({ overrides, journey }) => overrides === undefined || journey === undefined,
    'must not have overrides for a journey',
  ),
)
export type SimulationRequest = v.InferOutput<typeof SimulationRequest>

/** The route of `/api/simulate`: one page of a plan; `next` is the `offset` of the next call. */
export function simulation({ configOf, ...tools }: ApiTools) {
  return new Hono<{ Bindings: Env }>().post(
    '/',
    describe({
      summary: 'Send messages as a vendor would, marked as tests, to the ingest URL',
      details:
        'To continue a journey, repeat the call with the `seed` and `start` of the response, and its `next` as `offset`.',
      answers: { 200: SimulationPage },
    }),
    body(SimulationRequest),
    async (c) => {
      const sent = await runSimulation(operatorOf(c, configOf), c.env, c.req.valid('json'), tools)
      return sent.ok ? c.json(sent.value) : refusalProblem(sent.error)
    },
  )
}

/** Sends a page of a simulation to this relay, as its vendor would. */
export function runSimulation(
  operator: Operator,
  env: Env,
  { journey, ...rest }: SimulationRequest,
  tools: Tools,
): Promise<Result<SimulationResult, Refusal>> {
  const startOf = (time: string | undefined) =>
    time === undefined ? undefined : parseTime(time, tools.now())
  const simulation = {
    ...rest,
    ...(journey === undefined ? {} : { journey: { ...journey, start: startOf(journey.start) } }),
  }
  const send = (request: Request) => intake(request, rest.source, env, operator.config, tools)
  return sendSimulation(operator, simulation, send, tools)
}
