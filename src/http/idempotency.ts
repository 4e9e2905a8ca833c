// Retries of a request that carry out an act once: the header Idempotency-Key
// (draft-ietf-httpapi-idempotency-key-header).
import type { MiddlewareHandler } from 'hono'
import { fingerprint } from '../core/intake/dedupe.ts'
import type { Env, Tools } from '../env.ts'
import { claimKey, releaseKey, type StoredAnswer, storeAnswer } from '../store/idempotency.ts'
import { problem } from './problems.ts'

const LONGEST_KEY = 255

/** The headers that are stored with a response. */
const STORED_HEADERS = ['content-type', 'location']

/**
 * Answers a repeated POST with the same key by the stored response, for a day, and marks it with the header
 * `idempotency-replayed`. Refuses a key of a different request (422) or of one in progress (409). Responses 5xx and 400
 * are not stored: the same key may be used again.
 */
export function idempotent({
  now,
  log,
}: Pick<Tools, 'now' | 'log'>): MiddlewareHandler<{ Bindings: Env }> {
  return async (c, next) => {
    const key = c.req.header('idempotency-key')
    if (c.req.method !== 'POST' || key === undefined) return next()
    if (key === '' || key.length > LONGEST_KEY) {
      return problem(
        400,
        'bad-idempotency-key',
        `The idempotency key must have 1 to ${LONGEST_KEY} characters.`,
      )
    }
    const request = await fingerprint([c.req.url, await c.req.text()])
    const known = await claimKey(c.env.DB, key, request, now())
    if (known === 'different request') {
      return problem(
        422,
        'idempotency-key-reused',
        'This idempotency key was used for another request.',
      )
    }
    if (known === 'in progress') {
      return problem(
        409,
        'idempotency-key-in-use',
        'The request with this idempotency key is in progress.',
      )
    }
    if (known !== 'claimed') return responseOf(known.answer)
    await next()
    const answer = await answerOf(c.res)
    const isFinal = answer.status < 500 && answer.status !== 400
    const stored = isFinal ? storeAnswer(c.env.DB, key, answer) : releaseKey(c.env.DB, key)
    // The act is done: a response that cannot be stored, perhaps as it is too large, is still sent.
    await stored.catch((error) => log({ at: 'idempotency', fault: String(error) }))
    return undefined
  }
}

async function answerOf(response: Response): Promise<StoredAnswer> {
  const headers = STORED_HEADERS.flatMap((name) => {
    const value = response.headers.get(name)
    return value === null ? [] : [[name, value]]
  })
  return {
    status: response.status,
    headers: Object.fromEntries(headers),
    body: await response.clone().text(),
  }
}

function responseOf({ status, headers, body }: StoredAnswer): Response {
  return new Response(body, { status, headers: { ...headers, 'idempotency-replayed': 'true' } })
}
