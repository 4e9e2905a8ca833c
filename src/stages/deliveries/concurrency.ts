// Doing several things at once, but not all of them: each has a place while it is done, and may leave that before its end.

/**
 * Does all tasks, begun in their order, at most `count` of them in a place at once. Who leaves its place lets the next
 * one begin there, at once; the end of a task leaves it too. Ends when all have ended; rejects as soon as one has thrown
 * and those that followed in its place have ended.
 */
export async function inPlaces<T>(
  count: number,
  tasks: readonly T[],
  run: (task: T, leave: () => void) => Promise<void>,
): Promise<void> {
  const queue = [...tasks]
  const beginNext = async (): Promise<void> => {
    const task = queue.shift()
    if (task === undefined) return
    let next: Promise<void> | undefined
    const leave = () => {
      next ??= beginNext()
    }
    try {
      await run(task, leave)
    } finally {
      leave()
      await next
    }
  }
  await Promise.all(Array.from({ length: count }, beginNext))
}
