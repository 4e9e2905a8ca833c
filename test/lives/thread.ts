// One thread of a run: lives the worlds whose seeds it is given, one after the other.
import { parentPort, workerData } from 'node:worker_threads'
import { buildTree } from '../weather/machine/build.ts'
import { explain, shortest } from './explain.ts'
import type { Setting } from './pool.ts'
import { simulate } from './simulate.ts'

const { worker, lives, hotDays, explain: kind, text, stories } = workerData as Setting
const tree = await buildTree(worker)
parentPort?.on('message', (seed: number) => {
  const before = process.threadCpuUsage()
  void simulate(seed, { lives, hotDays }, tree).then(({ story, score }) => {
    const told =
      kind === undefined ? [] : shortest(explain(story, score.findings, kind, text), stories)
    const { user, system } = process.threadCpuUsage(before)
    parentPort?.postMessage({ seed, counts: score.counts, told, cpuMs: (user + system) / 1000 })
  })
})
parentPort?.postMessage('ready')
