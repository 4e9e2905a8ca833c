// A bound on how long D1 or a queue may take.

/** How long either may take before it counts as away; Hapana waits 10 s for an answer, other senders as little as 1. */
const TIMEOUT_MS = 2000

/**
 * A promise's value, or an error when `who` was asked takes longer. What was begun may still succeed: a repeat must be
 * harmless.
 */
export async function withinTimeout<T>(promise: Promise<T>, who = 'D1'): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`${who} did not answer within ${TIMEOUT_MS} ms`))
    }, TIMEOUT_MS)
  })
  return Promise.race([promise, timeout]).finally(() => clearTimeout(timer))
}
