// `POST /in/:source`: from an HTTP request to accept, and from its receipts to the response.
import * as v from 'valibot'
import type { Config } from '../config.ts'
import { warningTexts } from '../core/events/event.ts'
import { isSystemEvent } from '../core/events/system-event.ts'
import { causeOf } from '../core/intake/refusals.ts'
import { err } from '../core/result.ts'
import type { Env, Tools } from '../env.ts'
import { accept } from '../stages/intake/accept.ts'
import { countRefusal, flushRefusals } from '../stages/intake/refusals.ts'
import { groupCommit } from '../store/group-commit.ts'
import type { Receipt } from '../store/intake/records.ts'
import { addressOf, isWithin } from './access.ts'
import { count, eventId, eventType } from './api/answers/basic.ts'
import { FOR_SENDERS } from './headers.ts'
import type { Description } from './operation.ts'
import { problemOf } from './problems.ts'

const Accepted = v.strictObject({
  id: eventId,
  status: v.picklist(['accepted', 'duplicate', 'quarantined', 'erased', 'queued']),
  type: eventType,
  deliveries: count,
  warnings: v.array(v.string()),
  issues: v.exactOptional(v.array(v.string())),
})

const Receipts = v.strictObject({ events: v.array(Accepted) })

/** The named schemas of its responses. */
export const NAMED_RECEIPTS = { Receipt: Accepted, Receipts }

/** `POST /in/:source` in the OpenAPI document. */
export const Intake: Description = {
  summary: 'Accept a webhook of a source, or a list of them',
  details:
    'Authenticated by the secret of the source (its header, or `key`) and by the signature of the vendor where one is configured. A 202 means that it is stored durably.',
  takes: {
    query: v.object({
      key: v.exactOptional(
        v.pipe(v.string(), v.description('The secret, of a source without a `header` for it')),
      ),
      event: v.exactOptional(
        v.pipe(v.string(), v.description('The type, where the vendor gives each its own URL')),
      ),
    }),
    body: v.pipe(
      v.unknown(),
      v.description("The vendor's own message, or a list of them; as it is, for the signature"),
    ),
  },
  isPublic: true,
  answers: { 202: v.union([Accepted, Receipts]) },
  problems: [400, 401, 404, 413, 429, 503, 508],
}

/** Answers `/in/:source`: 202 with the events, or the problem. Logs one line for each request. */
export async function intake(
  request: Request,
  sourceName: string,
  env: Env,
  config: Config,
  tools: Tools,
): Promise<Response> {
  const startedAt = tools.now()
  const result = await acceptRequest(request, sourceName, env, config, tools)
  // A name that is not configured is whatever somebody typed: perhaps a secret.
  const source = config.sources.has(sourceName) ? sourceName : undefined
  const line = { at: 'accept', source, ms: tools.now() - startedAt }
  if (!result.ok) {
    const { kind, ...why } = result.error
    tools.log({ ...line, refused: kind, ...why })
    const cause = causeOf(result.error)
    countRefusal(env.DB, { source: source ?? null, cause, last: startedAt })
    flushRefusals(env, tools)
    return problemOf(result.error)
  }
  flushRefusals(env, tools)
  const { batch, receipts } = result.value
  const events = receipts.map(answerOf)
  const logged = events.map(({ id, status, type, deliveries }) => ({
    id,
    status,
    type,
    deliveries,
  }))
  tools.log({ ...line, status: 202, events: logged })
  return Response.json(batch ? { events } : events[0], { status: 202, headers: FOR_SENDERS })
}

async function acceptRequest(
  request: Request,
  sourceName: string,
  env: Env,
  config: Config,
  tools: Tools,
): ReturnType<typeof accept> {
  if (config.sources.has(sourceName)) {
    if (request.method !== 'POST') return err({ kind: 'method_not_allowed' })
    const key = `${sourceName} ${addressOf(request.headers)}`
    if (!(await isWithin(env.INTAKE, key))) return err({ kind: 'too_many_requests' })
  }
  const { DB, DELIVERIES, SPILL, ARCHIVE } = env
  const shared = { DB: groupCommit(DB, tools), DELIVERIES, SPILL, ...(ARCHIVE && { ARCHIVE }) }
  return accept(shared, config, sourceName, request, tools)
}

/** An event in the response to its sender. */
export function answerOf({ record: { type, content, deliveries }, id, status }: Receipt) {
  const hasDeliveries = status === 'accepted' || status === 'queued'
  const data = 'event' in content && !isSystemEvent(content.event) ? content.event.data : undefined
  return {
    id,
    status,
    type,
    deliveries: hasDeliveries ? deliveries.length : 0,
    warnings: data?.warnings ?? [],
    ...('issues' in content ? { issues: warningTexts(content.issues) } : {}),
  }
}
