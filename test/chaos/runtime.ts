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
  /** What makes the whole run worthless, such as an end that nobody asked for. */
  mishaps: string[]
  setPlan: (plan: Partial<Plan>) => Promise<void>
  /** Kills the process as a crash would, and starts it again on what it left. */
  crash: () => Promise<void>
  stop: () => Promise<void>
}

/** Starts the relay with its database in a folder. */
export async function startRuntime(folder: string): Promise<Runtime> {
  await migrateLocally(folder)
  const known: Pick<Runtime, 'faults' | 'unhandled' | 'kills' | 'mishaps'> = {
    faults: [],
    unhandled: [],
    kills: [],
    mishaps: [],
  }
  let plan = CALM
  let relay = await launch(folder, known)
  const clock = setInterval(() => void tick(), TICK_MS)
  return {
    ...known,
    setPlan: (changes) => {
      plan = { ...CALM, ...changes }
      return post(plan)
    },
    crash: async () => {
      const at = Date.now()
      await end(relay, 'kill')
      known.kills.push({ at, over: Date.now() + IN_FLIGHT_MS })
      relay = await launch(folder, known)
      await post(plan)
    },
    stop: async () => {
      clearInterval(clock)
      await end(relay, 'stop')
    },
  }
}

/** Which processes were ended by us. */
const ended = new WeakSet<LocalRelay>()

async function launch(
  folder: string,
  known: Pick<Runtime, 'faults' | 'unhandled' | 'mishaps'>,
): Promise<LocalRelay> {
  const args = [ENTRY, '--persist-to', folder, ...settingArgs()]
  const relay = launchRelay(RELAY_PORT, args, (line) => read(line, known))
  void relay.ended.then(() => {
    if (!ended.has(relay)) known.mishaps.push('the relay ended by itself')
  })
  try {
    await relay.ready
  } catch (error) {
    await end(relay, 'kill')
    throw error
  }
  return relay
}

function end(relay: LocalRelay, how: 'kill' | 'stop'): Promise<void> {
  ended.add(relay)
  return relay[how]()
}

/** Takes from a line of the log what the run must know. */
function read(
  line: string,
  { faults, unhandled, mishaps }: Pick<Runtime, 'faults' | 'unhandled' | 'mishaps'>,
): void {
  if (/Reloading local server/.test(line)) {
    mishaps.push(
      'a source file was changed meanwhile, which makes the local queues forget everything',
    )
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
