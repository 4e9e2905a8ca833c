// Asking twice without doing twice: the header Idempotency-Key (draft-ietf-httpapi-idempotency-key-header).
import type { MiddlewareHandler } from 'hono'
import { fingerprint } from '../core/intake/dedupe.ts'
import type { Env, Tools } from '../env.ts'
import { claimKey, releaseKey, type StoredAnswer, storeAnswer } from '../store/idempotency.ts'
import { problem } from './problems.ts'

const LONGEST_KEY = 255

/** Headers of an answer that are part of what it says. */
const TOLD = ['content-type', 'location']

/**
 * Answers a POST that comes again with the same key as it was answered, for a day, and says so in
 * `idempotency-replayed`. Refuses a key that stands for another request (422) or for one under way (409). A fault of
 * ours is not kept, nor what did not begin because it was not understood: the same key may try again, put right.
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
        `An idempotency key has 1 to ${LONGEST_KEY} characters.`,
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
        'The request with this idempotency key is under way.',
      )
    }
    if (known !== 'claimed') return responseOf(known.answer)
    await next()
    const answer = await answerOf(c.res)
    const isFinal = answer.status < 500 && answer.status !== 400
    const kept = isFinal ? storeAnswer(c.env.DB, key, answer) : releaseKey(c.env.DB, key)
    // What was done is done: an answer that cannot be kept, as one that is too large, is given all the same.
    await kept.catch((error) => log({ at: 'idempotency', fault: String(error) }))
    return undefined
  }
}

async function answerOf(response: Response): Promise<StoredAnswer> {
  const headers = TOLD.flatMap((name) => {
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
