// The public text of every error: problem details by RFC 9457. Internal details go to the log, never to the client.
import type { TypedResponse } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import * as v from 'valibot'
import type { Rejection } from '../core/result.ts'

/** A problem as it is sent; `type` is stable, so programs may rely on it. */
export const Problem = v.strictObject({
  type: v.pipe(v.string(), v.examples(['urn:membership-relay:problem:unknown-target'])),
  title: v.pipe(v.string(), v.examples(['No target has the name "crm".'])),
  status: v.pipe(v.number(), v.integer(), v.examples([404])),
})
export type Problem = v.InferOutput<typeof Problem>

const PREFIX = 'urn:membership-relay:problem:'

/** The media type of problems. */
export const PROBLEM_TYPE = 'application/problem+json'

/** Seconds after which a sender may retry when the error is ours. */
const RETRY_AFTER_SECONDS = '30'

/** Seconds after which a client may retry that exceeded a rate limit: the limits are per minute. */
const LIMIT_SECONDS = '60'

/** Answers with a problem. `type` is the last part of its URN. */
export function problem<S extends ContentfulStatusCode>(
  status: S,
  type: string,
  title: string,
  headers: Record<string, string> = {},
): Response & TypedResponse<Problem, S, 'json'> {
  const body: Problem = { type: PREFIX + type, title, status }
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': PROBLEM_TYPE, ...headers },
  }) as Response & TypedResponse<Problem, S, 'json'>
}

/** Answers a request above a rate limit. */
export function tooMany(title: string) {
  return problem(429, 'too-many-requests', title, { 'retry-after': LIMIT_SECONDS })
}

/** The response to a refused request. A reason without a text does not compile. */
export function problemOf(rejection: Rejection): Response {
  switch (rejection.kind) {
    case 'unknown_source':
      return problem(404, 'unknown-source', 'No source has this name.')
    case 'sources_unreadable':
      return tryLater(
        'sources-unreadable',
        'The sources cannot be read, so it is not known whether one has this name.',
      )
    case 'method_not_allowed':
      return problem(405, 'method-not-allowed', 'Webhooks are sent with POST.', { allow: 'POST' })
    case 'source_broken':
      return tryLater(
        'source-misconfigured',
        'The configuration of this source has an error. Its operator can see it in the console.',
      )
    case 'unauthenticated':
      return problem(401, 'unauthenticated', 'The sender could not be authenticated.')
    case 'too_many_requests':
      return tooMany('Too many requests for this source from this address.')
    case 'too_large':
      return problem(413, 'too-large', `The body is larger than ${rejection.maxBodyBytes} bytes.`)
    case 'too_many_events':
      return problem(
        413,
        'too-many-events',
        `The body contains more than ${rejection.maxEvents} events.`,
      )
    case 'looping':
      return problem(
        508,
        'looping',
        `The request has passed through relays ${rejection.maxHops} times: it is looping.`,
      )
    case 'empty_body':
      return problem(400, 'empty-body', 'The body is empty.')
    case 'not_stored':
      return tryLater('not-stored', 'The event could not be stored. Send it again.')
  }
}

function tryLater(type: string, title: string): Response {
  return problem(503, type, title, { 'retry-after': RETRY_AFTER_SECONDS })
}
