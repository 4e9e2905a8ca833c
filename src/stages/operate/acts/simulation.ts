// The act of simulating: a plan of messages, and a page of it sent to a source as its vendor would send it.

import type { ConfiguredSource } from '../../../config.ts'
import { formatInstant } from '../../../core/events/time.ts'
import { err, ok, type Result } from '../../../core/result.ts'
import { pluralize } from '../../../core/text.ts'
import type { Tools } from '../../../env.ts'
import { journeyOf } from '../../../simulator/journey.ts'
import { sampleOf, singleStepPlan } from '../../../simulator/sample.ts'
import { JOURNEY_MS } from '../../../simulator/sender.ts'
import type { Step } from '../../../simulator/step.ts'
import type { Switches } from '../../../simulator/trouble.ts'
import { type StepResult, simulate, simulatedSource } from '../simulate.ts'
import { audit, type Operator, type Refusal } from './audit.ts'

/** One message of a `type`, or the journeys of some members; a page of these, `limit` steps from `offset` on. */
type Simulation = {
  source: string
  type?: string
  /** Values for the body of the message, by path. */
  overrides?: Record<string, unknown>
  /** `start`: epoch milliseconds; a journey without one has just ended. */
  journey?: Switches & { members: number; start?: number | undefined }
  /** The same seed gives the same plan; a random one is returned without it. */
  seed?: string
  offset: number
  limit: number
}

/** A page that was sent. `next` is the offset of the next page; null when this was the last. */
export type SimulationResult = {
  seed: string
  start: string
  total: number
  steps: StepResult[]
  next: number | null
}

/**
 * Sends a page of a simulation by `send`, which handles a request to the ingest URL. Refuses an unusable source, and a
 * type or an override that the vendor's messages do not have. Audited when anything is sent, so once a page.
 */
export async function sendSimulation(
  operator: Operator,
  simulation: Simulation,
  send: (request: Request) => Promise<Response>,
  tools: Tools,
): Promise<Result<SimulationResult, Refusal>> {
  const { config, origin } = operator
  const source = simulatedSource(config, simulation.source)
  if (!source.ok) return err({ kind: 'bad_source', reason: source.error })
  const { now, random } = tools
  const { journey, offset, limit, seed = Math.floor(random() * 2 ** 40).toString(36) } = simulation
  const start = journey === undefined ? now() : (journey.start ?? now() - JOURNEY_MS)
  const plan = planFor(source.value, simulation, seed, start)
  if (!plan.ok) return err({ kind: 'bad_simulation', reason: plan.error })
  const relay = { origin, send }
  const page = await simulate(source.value, plan.value, { offset, limit }, relay, tools)
  if (page.steps.length > 0) {
    const on = `${pluralize(page.steps.length, 'message')} to ${simulation.source}`
    await audit(operator, 'simulated messages', on, tools)
  }
  return ok({ seed, start: formatInstant(start), ...page, next: page.next ?? null })
}

function planFor(
  { vendor }: ConfiguredSource,
  { type = '', overrides = {}, journey }: Simulation,
  seed: string,
  start: number,
): Result<Step[], string> {
  if (journey) return ok(journeyOf({ ...journey, vendor, seed, start }))
  const sample = sampleOf(vendor, type, overrides, { now: start, seed })
  return sample.ok ? ok(singleStepPlan(sample.value, start)) : sample
}
