// A bound on how long D1 may take.

/** How long D1 may take before it counts as away; Hapana waits 10 s for an answer, other senders as little as 1. */
export const D1_TIMEOUT_MS = 2000

/** A promise's value, or an error when D1 takes longer. What was begun may still succeed: a repeat must be harmless. */
export async function withinTimeout<T>(promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`D1 did not answer within ${D1_TIMEOUT_MS} ms`))
    }, D1_TIMEOUT_MS)
  })
  return Promise.race([promise, timeout]).finally(() => clearTimeout(timer))
}
