// Runs many worlds, in one thread for each core.
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Told } from './explain.ts'

/** What a thread is told: which Worker, how many lives in a world, and which wrong claims to explain. */
export type Setting = {
  worker: string
  lives: number
  /** HOT_DAYS of the relay. */
  hotDays: number
  explain: string | undefined
  text: string
  stories: number
}

/** What came of a world. */
export type Result = { seed: number; counts: Record<string, number>; told: Told[]; cpuMs: number }

/** Runs the worlds of seeds and hands over what came of each, in the order of their ends. */
export async function runAll(
  seeds: readonly number[],
  setting: Setting,
  onResult: (result: Result) => void,
): Promise<void> {
  const queue = [...seeds]
  const count = Math.min(availableParallelism(), seeds.length)
  await Promise.all(Array.from({ length: count }, () => runThread(queue, setting, onResult)))
}

async function runThread(
  queue: number[],
  workerData: Setting,
  onResult: (result: Result) => void,
): Promise<void> {
  const thread = new Worker(new URL('thread.ts', import.meta.url), { workerData })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  thread.on('message', (result: Result | 'ready') => {
    if (result !== 'ready') onResult(result)
    const seed = queue.shift()
    if (seed === undefined) resolve()
    else thread.postMessage(seed)
  })
  thread.on('error', reject)
  await promise.finally(() => thread.terminate())
}
