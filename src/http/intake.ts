// The front door: from HTTP to an arrival, and from what became of it to an answer.
import type { Config } from '../config.ts'
import type { Arrival } from '../core/request.ts'
import { ok, type Rejection, type Result, refuse } from '../core/result.ts'
import type { Env } from '../env.ts'
import { type Accepted, accept } from '../stages/accept.ts'
import { problemOf } from './problems.ts'
import type { Tools } from './tools.ts'

/** Answers `/in/:source`: 202 with what became of the events, or the problem. Logs one line for each request. */
export async function intake(
  request: Request,
  sourceName: string,
  env: Env,
  config: Config,
  tools: Tools,
): Promise<Response> {
  const startedAt = tools.now()
  const isKnown = config.sources.has(sourceName)
  const url = new URL(request.url)
  const arrival: Arrival = {
    headers: request.headers,
    query: url.searchParams,
    body: () => readBody(request, config.maxBodyBytes),
  }
  const result =
    isKnown && request.method !== 'POST'
      ? refuse({ kind: 'method_not_allowed' } as const)
      : await accept(env, config, sourceName, arrival, {
          now: startedAt,
          random: (below) => Math.floor(tools.random() * below),
          origin: url.origin,
          log: tools.log,
        })
  // A name that is not configured is whatever somebody typed: perhaps a secret.
  const line = {
    at: 'accept',
    source: isKnown ? sourceName : undefined,
    ms: tools.now() - startedAt,
  }
  if (!result.ok) {
    const { kind, ...why } = result.error
    tools.log({ ...line, refused: kind, ...why })
    return problemOf(result.error)
  }
  const { batch, events } = result.value
  tools.log({ ...line, status: 202, events: events.map(logged) })
  return Response.json(batch ? { events } : events[0], { status: 202 })
}

function logged({ id, status, type, deliveries }: Accepted) {
  return { id, status, type, deliveries }
}

/** Reads a body to its end, or to the byte that is too many. */
async function readBody(
  request: Request,
  maxBodyBytes: number,
): Promise<Result<Uint8Array, Rejection>> {
  const tooLarge = refuse({ kind: 'too_large', maxBodyBytes } as const)
  if (Number(request.headers.get('content-length') ?? 0) > maxBodyBytes) return tooLarge
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body ?? []) {
    size += chunk.length
    if (size > maxBodyBytes) return tooLarge
    chunks.push(chunk)
  }
  const bytes = new Uint8Array(size)
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.length
  }
  return ok(bytes)
}
