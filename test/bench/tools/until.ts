// Waiting for what a bench has caused.

/** Waits until a condition is true. Throws when it is not after some milliseconds. */
export async function until(
  isTrue: () => boolean | Promise<boolean>,
  withinMs: number,
): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error(`Not complete after ${withinMs / 1000} s.`)
    await sleep(50)
  }
}

/** Resolves after some milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
