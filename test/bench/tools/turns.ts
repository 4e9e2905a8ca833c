// Turns of two sides that accept requests: over connections that stay open, with the CPU time of the runtime.
import type { VendorId } from '../../../src/vendors/index.ts'
import type { Options } from './bench.ts'
import { alternate, inRounds, percentile } from './figures.ts'
import { connect, type Load, perSecond, together } from './load.ts'
import { trafficOf } from './messages.ts'

/** The requests of a turn: as few as measure each connection, as the machine changes its speed several times a second. */
const TURN = { least: 20, each: 16 }
const WARM = 1000
const ROUNDS = 5
const SECONDS = 4

/** The vendors' commonest events. */
export const COMMONEST = [
  {
    vendor: 'hapana',
    vendorType: 'checkIn',
    why: 'members come several times a week; all other events once a month or less',
  },
  {
    vendor: 'hype',
    vendorType: 'payment.created',
    why: 'each supporter pays every month, and changes their contact rarely',
  },
] as const satisfies { vendor: VendorId; vendorType: string; why: string }[]

/** The result of a turn, with the CPU time of the runtime in milliseconds; NaN where it cannot be counted. */
export type Turn = Load & { cpu: number }

/** Opens connections to a side, which then takes turns over them. */
export type Side = (connections: number) => {
  turn: (requests: number) => Promise<Turn>
  close: () => void
}

export const p50 = ({ latencies }: Turn) => percentile(latencies, 0.5)
export const p99 = ({ latencies }: Turn) => percentile(latencies, 0.99)
/** CPU milliseconds of the runtime for a request. */
export const cpuOf = ({ cpu, latencies }: Turn) => cpu / latencies.length

/** A side that gets the messages of a type, about so many members. `clock`: the CPU time of the runtime in milliseconds. */
export function sideOf(
  url: string,
  { vendor, vendorType }: { vendor: VendorId; vendorType: string },
  seeds: { seed: number; members: number },
  clock: () => number,
): Side {
  const traffic = trafficOf(vendor, vendorType, { ...seeds, now: Date.now() })
  return (connections) => {
    const { load, close } = connect(url, traffic, connections)
    const turn = async (requests: number) => {
      const before = clock()
      const result = await load({ requests })
      return { ...result, cpu: clock() - before }
    }
    return { turn, close }
  }
}

/** Enough requests that V8 has compiled the code; start-up measures the first requests of an isolate. */
export async function warm(side: Side): Promise<void> {
  const { turn, close } = side(4)
  await turn(WARM)
  close()
}

/** Rounds of many short turns of both sides, A B A B, over so many connections. */
export async function measureAt(
  connections: number,
  [a, b]: readonly [Side, Side],
  name: string,
  { rounds = ROUNDS, seconds = SECONDS, progress }: Options,
): Promise<[Turn, Turn][]> {
  const [ours, theirs] = [a(connections), b(connections)]
  const requests = Math.max(TURN.least, TURN.each * connections)
  const turns = Math.ceil((perSecond(await theirs.turn(requests)) * seconds) / requests)
  progress(
    `${name}, ${connections} connections: ${rounds} rounds of ${turns} × ${requests} requests`,
  )
  const pairs = await alternate(
    rounds * turns,
    () => ours.turn(requests),
    () => theirs.turn(requests),
  )
  ours.close()
  theirs.close()
  return inRounds(pairs, turns, roundOf)
}

function roundOf(turns: readonly Turn[]): Turn {
  return { ...together(turns), cpu: turns.reduce((sum, { cpu }) => sum + cpu, 0) }
}
