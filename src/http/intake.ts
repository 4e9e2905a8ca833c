// The front door: from HTTP to an arrival, and from what became of it to an answer.
import { waitUntil } from 'cloudflare:workers'
import * as v from 'valibot'
import type { Config } from '../config.ts'
import type { Arrival } from '../core/intake/request.ts'
import { err, ok, type Rejection, type Result } from '../core/result.ts'
import type { Env } from '../env.ts'
import { type Accepted as AcceptedEvent, accept } from '../stages/intake/accept.ts'
import { groupCommit } from '../store/group-commit.ts'
import { addressOf, isWithin } from './access.ts'
import { FOR_SENDERS } from './headers.ts'
import type { Description } from './operation.ts'
import { problemOf } from './problems.ts'
import type { Tools } from './tools.ts'

const Accepted = v.strictObject({
  id: v.string(),
  status: v.picklist(['accepted', 'duplicate', 'quarantined', 'queued']),
  type: v.string(),
  deliveries: v.number(),
  warnings: v.array(v.string()),
  issues: v.exactOptional(v.array(v.string())),
})

const Message = v.record(v.string(), v.unknown())

/** What the OpenAPI document says of `POST /in/:source`. */
export const Intake: Description = {
  summary: 'Take a webhook of a source, or a list of them',
  details:
    'Proven by the secret of the source (its header, or `key`) and the signature of the vendor where one is configured. A 202 means that it is safe.',
  takes: {
    query: v.object({
      key: v.exactOptional(
        v.pipe(v.string(), v.description('The secret, of a source without a `header` for it')),
      ),
      event: v.exactOptional(
        v.pipe(v.string(), v.description('The type, where the vendor gives each its own URL')),
      ),
    }),
    body: v.union([Message, v.array(Message)]),
  },
  isPublic: true,
  answers: { 202: v.union([Accepted, v.strictObject({ events: v.array(Accepted) })]) },
  problems: [400, 401, 404, 413, 429, 503, 508],
}

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
  const result = await take(request, sourceName, env, config, { ...tools, startedAt })
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
  return Response.json(batch ? { events } : events[0], { status: 202, headers: FOR_SENDERS })
}

async function take(
  request: Request,
  sourceName: string,
  env: Env,
  config: Config,
  { startedAt, now, random, log }: Tools & { startedAt: number },
): ReturnType<typeof accept> {
  const url = new URL(request.url)
  if (config.sources.has(sourceName)) {
    if (request.method !== 'POST') return err({ kind: 'method_not_allowed' })
    const key = `${sourceName} ${addressOf(request.headers)}`
    if (!(await isWithin(env.INTAKE, key))) return err({ kind: 'too_many_requests' })
  }
  const arrival: Arrival = {
    headers: request.headers,
    query: url.searchParams,
    body: () => readBody(request, config.maxBodyBytes),
  }
  const { DB, DELIVERIES, SPILL } = env
  const shared = { DB: groupCommit(DB, { now, waitUntil }), DELIVERIES, SPILL }
  return accept(shared, config, sourceName, arrival, {
    now: startedAt,
    random: (below) => Math.floor(random() * below),
    origin: url.origin,
    log,
    waitUntil,
  })
}

function logged({ id, status, type, deliveries }: AcceptedEvent) {
  return { id, status, type, deliveries }
}

/** Reads a body to its end, or to the byte that is too many. */
async function readBody(
  request: Request,
  maxBodyBytes: number,
): Promise<Result<Uint8Array, Rejection>> {
  const tooLarge = err({ kind: 'too_large', maxBodyBytes } as const)
  const announced = request.headers.get('content-length')
  if (Number(announced ?? 0) > maxBodyBytes) return tooLarge
  // HTTP lets no more through than is announced; a body without that is counted as it comes.
  const bytes =
    announced === null
      ? await readUpTo(maxBodyBytes, request.body)
      : new Uint8Array(await request.arrayBuffer())
  return bytes === undefined || bytes.length > maxBodyBytes ? tooLarge : ok(bytes)
}

/** The bytes of a stream; undefined as soon as there are more than `max`. */
async function readUpTo(max: number, body: Request['body']): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.length
    if (size > max) return undefined
    chunks.push(chunk)
  }
  return new Uint8Array(await new Blob(chunks as Uint8Array<ArrayBuffer>[]).arrayBuffer())
}
