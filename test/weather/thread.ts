// One thread of a run: simulates the schedules that it is given, one after the other.
import { parentPort, workerData } from 'node:worker_threads'
import { buildTrees } from './machine/build.ts'
import type { Task, TreeDirs } from './pool.ts'
import { simulate } from './simulation.ts'

const { worker, before } = workerData as TreeDirs
const trees = await buildTrees(worker, before)
parentPort?.on('message', ({ seed, schedule }: Task) => {
  void simulate(schedule, trees).then(({ hash, figures, violations }) =>
    parentPort?.postMessage({ seed, hash, figures, violations }),
  )
})
parentPort?.postMessage('ready')
