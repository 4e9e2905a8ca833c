// Runs tasks with a limit on how many run at once.

/**
 * Runs all tasks, started in their order, at most `limit` at once. A task frees its slot when it ends, or before that
 * with `freeSlot`; then the next one starts at once. Resolves when all have ended; rejects as soon as one has thrown and
 * those that followed in its slot have ended.
 */
export async function withConcurrency<T>(
  limit: number,
  tasks: readonly T[],
  run: (task: T, freeSlot: () => void) => Promise<void>,
): Promise<void> {
  const queue = [...tasks]
  const startNext = async (): Promise<void> => {
    const task = queue.shift()
    if (task === undefined) return
    let next: Promise<void> | undefined
    const freeSlot = () => {
      next ??= startNext()
    }
    try {
      await run(task, freeSlot)
    } finally {
      freeSlot()
      await next
    }
  }
  await Promise.all(Array.from({ length: limit }, startNext))
}
