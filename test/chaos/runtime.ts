// The relay's process: started, killed, told the time and what is to go wrong; and what its log says of that.
import path from 'node:path'
import { type LocalRelay, launchRelay, migrateLocally } from '../../src/cli/local-relay.ts'
import { CALM, type InjectedFault, type Plan } from './plan.ts'
import { RELAY, RELAY_PORT } from './ports.ts'
import { settingArgs } from './setting.ts'

const ENTRY = path.join(import.meta.dirname, 'worker/index.ts')
const CRON = '* * * * *'
/** More often than in life, as the run waits for the sweep. */
const TICK_MS = 3000
/** How long after its end a request of the process may still be read; the next process takes longer to start. */
const IN_FLIGHT_MS = 500

/** When the process was killed, and when nothing that it had sent could arrive any more; in epoch milliseconds. */
export type Kill = { at: number; over: number }

export type Runtime = {
  /** Every fault that was injected so far. */
  faults: InjectedFault[]
  /** Rejections that nobody handled, and whatever else the log calls uncaught. */
  unhandled: string[]
  kills: Kill[]
  /** Makes the database and starts the process. */
  start: () => Promise<void>
  setPlan: (plan: Partial<Plan>) => Promise<void>
  /** Kills the process as a crash would, and starts it again on what it left. */
  crash: () => Promise<void>
  /** Ends it for good, also while it starts. */
  stop: () => Promise<void>
}

/** The relay with its database in a folder, not started yet. `giveUp` hears of what makes the run worthless. */
export function createRuntime(folder: string, giveUp: (mishap: string) => void): Runtime {
  const faults: InjectedFault[] = []
  const unhandled: string[] = []
  const kills: Kill[] = []
  const relay = keeper(folder, (line) => read(line, faults, unhandled, giveUp), giveUp)
  let plan = CALM
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
      plan = { ...CALM, ...changes }
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

/** Keeps one process at a time, and none after `retire`. */
function keeper(folder: string, hear: (line: string) => void, giveUp: (mishap: string) => void) {
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
      const relay = launchRelay(RELAY_PORT, [ENTRY, '--persist-to', folder, ...settingArgs()], hear)
      current = relay
      await relay.ready
      void relay.ended.then(() => current === relay && giveUp('The relay ended by itself'))
    },
    retire: () => {
      isRetired = true
      return end('stop')
    },
  }
}

/** Takes from a line of the log what the run must know. */
function read(
  line: string,
  faults: InjectedFault[],
  unhandled: string[],
  giveUp: (mishap: string) => void,
): void {
  if (/Reloading local server/.test(line)) {
    giveUp('A source file was changed meanwhile, and the local queues have forgotten everything')
  }
  if (!line.startsWith('{"at":"chaos"')) {
    if (/uncaught|unhandled/i.test(line)) unhandled.push(line)
    return
  }
  const told = JSON.parse(line) as InjectedFault | { unhandled: string }
  if ('unhandled' in told) unhandled.push(told.unhandled)
  else faults.push(told)
}

async function post(plan: Plan): Promise<void> {
  await fetch(`${RELAY}/chaos`, { method: 'POST', body: JSON.stringify(plan) })
}

/** The local runtime has no clock for crons. */
async function tick(): Promise<void> {
  await fetch(`${RELAY}/cdn-cgi/handler/scheduled?cron=${encodeURIComponent(CRON)}`).catch(
    () => undefined,
  )
}
