// A plan of the simulator → requests to the ingest URL, a page at a time. Nothing is stored: the next page makes the same
// plan again.
import { type Config, type ConfiguredSource, isBrokenSource } from '../../config.ts'
import { isObject, type JsonObject } from '../../core/intake/json.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { Tools } from '../../env.ts'
import { authenticatedRequest } from '../../simulator/request.ts'
import type { Step } from '../../simulator/step.ts'

/** The most steps of one call: each is a request of its own, with its own calls to D1. */
export const MAX_STEPS = 50

/** A step that was sent, and the response: the event, or the problem. */
export type StepResult = {
  /** Its place in the plan, from 0. */
  step: number
  member: number
  name: Step['name']
  vendortype: string | null
  troubles: Step['troubles']
  status: number
  answer: JsonObject | null
}

/** The steps of a page. `next`: the offset of the next page; undefined after the last. */
export type SimulationPage = { total: number; steps: StepResult[]; next: number | undefined }

/** The source to which the simulator sends. Refuses, in words, one that is not usable. */
export function simulatedSource(config: Config, name: string): Result<ConfiguredSource, string> {
  const source = config.sources.get(name)
  if (source === undefined) {
    const usable = [...config.sources.values()].filter((one) => !isBrokenSource(one))
    const names = usable.map((one) => one.name).join(', ') || 'none'
    return err(`There is no source "${name}", or it is disabled. There are: ${names}.`)
  }
  return isBrokenSource(source)
    ? err(`The source "${name}" is broken: ${source.broken}`)
    : ok(source)
}

/** Sends the steps of a plan from `offset` on, at most `limit` and `MAX_STEPS`, each when the one before was answered. */
export async function simulate(
  source: ConfiguredSource,
  plan: readonly Step[],
  { offset, limit }: { offset: number; limit: number },
  { origin, send }: { origin: string; send: (request: Request) => Promise<Response> },
  { now }: Tools,
): Promise<SimulationPage> {
  const end = offset + Math.min(limit, MAX_STEPS)
  const steps: StepResult[] = []
  for (const [i, { member, name, message, troubles }] of plan.slice(offset, end).entries()) {
    const response = await send(await authenticatedRequest(source, message, { now: now(), origin }))
    steps.push({
      step: offset + i,
      member,
      name,
      vendortype: message.vendorType ?? null,
      troubles,
      status: response.status,
      answer: await readAnswer(response),
    })
  }
  return { total: plan.length, steps, next: end < plan.length ? end : undefined }
}

async function readAnswer(response: Response): Promise<JsonObject | null> {
  const answer: unknown = await response.json().catch(() => null)
  return isObject(answer) ? answer : null
}
