// The relay's process: starts and kills it, sends it the plan of faults, runs its cron, and reads its log.
import path from 'node:path'
import { type LocalRelay, launchRelay, migrateLocally } from '../../src/cli/local-relay.ts'
import { configArgs } from './config.ts'
import { type InjectedFault, NO_FAULTS, type Plan } from './plan.ts'
import { RELAY, RELAY_PORT } from './ports.ts'

const ENTRY = path.join(import.meta.dirname, 'worker/index.ts')
const CRON = '* * * * *'
/** More often than on Cloudflare, as the run waits for the sweep. */
const TICK_MS = 3000
/** How long after its end a receiver may still read a request of the process; the next process takes longer to start. */
const IN_FLIGHT_MS = 500

/** When the process was killed, and from when none of its requests can arrive any more; in epoch milliseconds. */
export type Kill = { at: number; over: number }

export type Runtime = {
  /** All faults that were injected so far. */
  faults: InjectedFault[]
  /** Unhandled rejections, and other uncaught errors in the log. */
  unhandled: string[]
  kills: Kill[]
  /** Creates the database and starts the process. */
  start: () => Promise<void>
  setPlan: (plan: Partial<Plan>) => Promise<void>
  /** Kills the process as a crash would, and starts it again with the same storage. */
  crash: () => Promise<void>
  /** Ends it finally, also while it starts. */
  stop: () => Promise<void>
}

/** The relay with its database in a folder, not started yet. Calls `abort` when the run cannot have a result. */
export function createRuntime(folder: string, abort: (reason: string) => void): Runtime {
  const faults: InjectedFault[] = []
  const unhandled: string[] = []
  const kills: Kill[] = []
  const relay = singleProcess(folder, (line) => read(line, faults, unhandled, abort), abort)
  let plan = NO_FAULTS
  let clock: NodeJS.Timeout | undefined
  return {
    faults,
    unhandled,
    kills,
    start: async () => {
      await migrateLocally(folder)
      await relay.launch()
      clock = setInterval(() => void tick(), TICK_MS)
    },
    setPlan: (changes) => {
      plan = { ...NO_FAULTS, ...changes }
      return post(plan)
    },
    crash: async () => {
      const at = Date.now()
      await relay.end('kill')
      kills.push({ at, over: Date.now() + IN_FLIGHT_MS })
      await relay.launch()
      await post(plan)
    },
    stop: async () => {
      clearInterval(clock)
      await relay.retire()
    },
  }
}

/** Runs one process at a time, and none after `retire`. */
function singleProcess(
  folder: string,
  onLine: (line: string) => void,
  abort: (reason: string) => void,
) {
  let current: LocalRelay | undefined
  let isRetired = false
  const end = async (how: 'kill' | 'stop') => {
    const relay = current
    current = undefined
    await relay?.[how]()
  }
  return {
    end,
    launch: async () => {
      if (isRetired) return
      const relay = launchRelay(
        RELAY_PORT,
        [ENTRY, '--persist-to', folder, ...configArgs()],
        onLine,
      )
      current = relay
      await relay.ready
      void relay.ended.then(() => current === relay && abort('The relay ended by itself'))
    },
    retire: () => {
      isRetired = true
      return end('stop')
    },
  }
}

/** Reads faults and uncaught errors from a line of the log. */
function read(
  line: string,
  faults: InjectedFault[],
  unhandled: string[],
  abort: (reason: string) => void,
): void {
  if (/Reloading local server/.test(line)) {
    abort('A source file was changed meanwhile, and the local queues lost their messages')
  }
  if (!line.startsWith('{"at":"chaos"')) {
    if (/uncaught|unhandled/i.test(line)) unhandled.push(line)
    return
  }
  const entry = JSON.parse(line) as InjectedFault | { unhandled: string }
  if ('unhandled' in entry) unhandled.push(entry.unhandled)
  else faults.push(entry)
}

async function post(plan: Plan): Promise<void> {
  await fetch(`${RELAY}/chaos`, { method: 'POST', body: JSON.stringify(plan) })
}

/** Runs the cron, as the local runtime does not run crons by itself. */
async function tick(): Promise<void> {
  await fetch(`${RELAY}/cdn-cgi/handler/scheduled?cron=${encodeURIComponent(CRON)}`).catch(
    () => undefined,
  )
}
