// CPU time of the runtime, as Linux counts it: on a shared machine it is steadier than a rate.
import { readdirSync, readFileSync } from 'node:fs'

/**
 * Returns a function that reads the CPU time in milliseconds that the runtime (workerd, started by this process) has used, on
 * all of its threads. Undefined where there is no `/proc` (https://docs.kernel.org/scheduler/sched-stats.html).
 */
export function runtimeClock(): (() => number) | undefined {
  const pid = numbersIn('/proc').find(isRuntime)
  if (pid === undefined) return undefined
  const tasks = `/proc/${pid}/task`
  const nanosecondsOf = (task: string) => Number(textOf(`${tasks}/${task}/schedstat`).split(' ')[0])
  return () => numbersIn(tasks).reduce((sum, task) => sum + nanosecondsOf(task), 0) / 1e6
}

function isRuntime(pid: string): boolean {
  const [, name, parent] = /^\d+ \((.+)\) \S (\d+)/.exec(textOf(`/proc/${pid}/stat`)) ?? []
  return name === 'workerd' && parent === String(process.pid)
}

function numbersIn(dir: string): string[] {
  try {
    return readdirSync(dir).filter((name) => /^\d+$/.test(name))
  } catch {
    return []
  }
}

/** Empty for a process or thread that has just ended. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
