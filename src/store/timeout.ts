// A bound on how long D1 or a queue may take.

/** How long D1 may take before it counts as away; Hapana waits 10 s for an answer, other senders as little as 1. */
const D1_TIMEOUT_MS = 2000

/**
 * A promise's value, or an error when it takes more than `ms` milliseconds, which names `whose` answer it is. What was
 * begun may still succeed: a repeat must be harmless.
 */
export async function withinTimeout<T>(
  promise: Promise<T>,
  whose = 'D1',
  ms = D1_TIMEOUT_MS,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`${whose} did not answer within ${ms} ms`))
    }, ms)
  })
  return Promise.race([promise, timeout]).finally(() => clearTimeout(timer))
}
