// The simulator at work: what is asked for as a plan, and a page of that through the front door.
import * as v from 'valibot'
import type { Config, ConfiguredSource } from '../config.ts'
import { formatInstant } from '../core/events/time.ts'
import { parseTime } from '../core/period.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { Env } from '../env.ts'
import { journeyOf, MAX_MEMBERS } from '../simulator/journey.ts'
import { planOf, sampleOf } from '../simulator/sample.ts'
import { JOURNEY_MS } from '../simulator/sender.ts'
import type { Step } from '../simulator/step.ts'
import { MAX_STEPS, simulate, simulatedSource } from '../stages/operate/simulate.ts'
import { Time, text } from './api/fields.ts'
import { intake } from './intake.ts'
import type { Tools } from './tools.ts'

const whole = (least: number, most: number) =>
  v.pipe(
    v.number('must be a number'),
    v.integer('must be a whole number'),
    v.minValue(least, `must be at least ${least}`),
    v.maxValue(most, `must be at most ${most}`),
  )
const PROBABILITY = 'must be true, false or a probability from 0 to 1'
const probability = v.optional(
  v.union(
    [v.boolean(), v.pipe(v.number(), v.minValue(0, PROBABILITY), v.maxValue(1, PROBABILITY))],
    PROBABILITY,
  ),
  false,
)

const Journey = v.strictObject({
  members: v.optional(whole(1, MAX_MEMBERS), 1),
  start: v.exactOptional(Time),
  duplicates: probability,
  reordering: probability,
  lateness: probability,
  drift: probability,
  junk: probability,
})

/** What is to be sent: one message, or a page of the journeys of some members. */
export const SimulationRequest = v.pipe(
  v.strictObject({
    source: text,
    type: v.exactOptional(v.pipe(text, v.description('One message of this type of the vendor'))),
    overrides: v.exactOptional(
      v.pipe(
        v.record(v.string(), v.unknown(), 'must be an object of paths and values'),
        v.description('What to put in its body, by path: `{"data.total": 0}`'),
      ),
    ),
    journey: v.exactOptional(
      v.pipe(Journey, v.description('From the day members join to the day they leave')),
    ),
    seed: v.exactOptional(
      v.pipe(text, v.maxLength(100), v.description('What the same plan is made of again')),
    ),
    offset: v.optional(whole(0, 100_000), 0),
    limit: v.optional(whole(1, MAX_STEPS), 20),
  }),
  v.check(
    ({ type, journey }) => (type === undefined) !== (journey === undefined),
    'must name a type or a journey',
  ),
  v.check(
    ({ overrides, journey }) => overrides === undefined || journey === undefined,
    'can override a message only, not a journey',
  ),
)
export type SimulationRequest = v.InferOutput<typeof SimulationRequest>

/** Why nothing was sent: the type of the problem, and words. */
export type Refusal = { type: 'bad-source' | 'bad-body'; words: string }

/** Sends a page of what was asked for; `origin` is the relay's own. `next` is the offset of the page after it. */
export async function runSimulation(
  env: Env,
  config: Config,
  asked: SimulationRequest,
  tools: Tools & { origin: string },
) {
  const source = simulatedSource(config, asked.source)
  if (!source.ok) return err<Refusal>({ type: 'bad-source', words: source.error })
  const seed = asked.seed ?? Math.floor(tools.random() * 2 ** 40).toString(36)
  const start = startOf(asked, tools.now())
  const plan = planFor(source.value, asked, seed, start)
  if (!plan.ok) return err<Refusal>({ type: 'bad-body', words: plan.error })
  const { offset, limit } = asked
  const page = await simulate(
    source.value,
    plan.value,
    { offset, limit },
    {
      now: tools.now,
      origin: tools.origin,
      send: (request) => intake(request, asked.source, env, config, tools),
    },
  )
  return ok({ seed, start: formatInstant(start), ...page, next: page.next ?? null })
}

/** When it happens, in epoch milliseconds: a journey has just ended, unless told otherwise. */
function startOf({ journey }: SimulationRequest, now: number): number {
  if (journey === undefined) return now
  return journey.start === undefined ? now - JOURNEY_MS : (parseTime(journey.start, now) ?? now)
}

function planFor(
  { vendor }: ConfiguredSource,
  { type = '', overrides = {}, journey }: SimulationRequest,
  seed: string,
  start: number,
): Result<Step[], string> {
  if (journey) return ok(journeyOf({ ...journey, vendor, seed, start }))
  const sample = sampleOf(vendor, type, overrides, { now: start, seed })
  return sample.ok ? ok(planOf(sample.value, start)) : err(sample.error)
}
