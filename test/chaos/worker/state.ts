// The plan that is in force. One isolate handles all requests on this machine, so its globals are the whole state.
import { waitUntil } from 'cloudflare:workers'
import { type InjectedFault, NO_FAULTS, type Plan, seededRandom } from '../plan.ts'

const trueNow = Date.now.bind(Date)
// The relay reads no other clock.
Date.now = () => trueNow() + plan.clockOffsetMs

let plan = NO_FAULTS
let random = seededRandom(NO_FAULTS.seed)
let faults = 0
const unhandled: string[] = []

addEventListener('unhandledrejection', ({ reason }: PromiseRejectionEvent) => {
  unhandled.push(String(reason))
  console.log(JSON.stringify({ at: 'chaos', unhandled: String(reason) }))
})

/** Puts a plan in force. A jump of the clock is a fault too. */
export function setPlan(next: Plan): void {
  const jumpMs = next.clockOffsetMs - plan.clockOffsetMs
  plan = next
  random = seededRandom(next.seed)
  if (jumpMs !== 0) logFault(`the clock jumps by ${jumpMs} ms`)
}

/** The plan that is in force. */
export function currentPlan(): Plan {
  return plan
}

/** True for the share of cases in which the plan injects a fault. */
export function isAffected(): boolean {
  return random() < plan.probability
}

/** A number in [0, 1). */
export function draw(): number {
  return random()
}

/** More than the relay waits for D1 or a queue (store/timeout.ts). */
const STALL_MS = 4000

/** Does a piece of work late, also when its caller does not wait any more. */
export function stalled<T>(work: () => Promise<T>): Promise<T> {
  const late = new Promise((resolve) => setTimeout(resolve, STALL_MS)).then(work)
  waitUntil(late.catch(() => undefined))
  return late
}

/** Writes a fault to the log, where it outlives the process. */
export function logFault(fault: string, about: Pick<InjectedFault, 'lost'> = {}): void {
  faults++
  const line: InjectedFault = { at: 'chaos', fault, time: trueNow(), ...about }
  console.log(JSON.stringify(line))
}

/** The plan, and the faults since the process started. */
export function counters() {
  return { plan, faults, unhandled, now: trueNow() }
}
