// Runs the schedules of many seeds, in one thread for each core.
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Violation } from './journal.ts'
import type { Figures } from './simulation.ts'
import type { Schedule } from './sky/schedule.ts'

/** What came of a seed. */
export type Result = { seed: number; hash: string; figures: Figures; violations: Violation[] }

export type Task = { seed: number; schedule: Schedule }

export type TreeDirs = { worker: string; before: string }

/** Runs schedules and hands over what came of each, in the order of their ends. */
export async function runAll(
  tasks: readonly Task[],
  dirs: TreeDirs,
  onResult: (result: Result) => void,
): Promise<void> {
  const queue = [...tasks]
  const count = Math.min(availableParallelism(), tasks.length)
  await Promise.all(Array.from({ length: count }, () => runThread(queue, dirs, onResult)))
}

async function runThread(
  queue: Task[],
  workerData: TreeDirs,
  onResult: (result: Result) => void,
): Promise<void> {
  const thread = new Worker(new URL('thread.ts', import.meta.url), { workerData })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const next = () => {
    const task = queue.shift()
    if (task === undefined) resolve()
    else thread.postMessage(task)
  }
  thread.on('message', (result: Result | 'ready') => {
    if (result !== 'ready') onResult(result)
    next()
  })
  thread.on('error', reject)
  await promise.finally(() => thread.terminate())
}
