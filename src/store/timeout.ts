// A limit on how long D1 or a queue may take.

/** How long D1 may take before it counts as unavailable. Hapana waits 10 s for a response, other senders as little as 1 s. */
const D1_TIMEOUT_MS = 2000

/**
 * Returns the promise's value, or rejects after `ms` milliseconds with an error that names `service`. The operation is not
 * cancelled and may still succeed, so repeating it must be harmless.
 */
export async function withTimeout<T>(
  promise: Promise<T>,
  service = 'D1',
  ms = D1_TIMEOUT_MS,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`${service} did not answer within ${ms} ms`))
    }, ms)
  })
  return Promise.race([promise, timeout]).finally(() => clearTimeout(timer))
}
